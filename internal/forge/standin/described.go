package standin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// A description checks requests and replies by what a forge publishes of its
// API. A nil one checks nothing.
type description struct {
	doc    *openapi3.T
	router routers.Router
}

// describe reads a description whose paths begin at base.
func describe(doc *openapi3.T, base string) (*description, error) {
	doc.Servers = openapi3.Servers{{URL: base}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	return &description{doc: doc, router: router}, nil
}

// around checks the request, lets it be answered, and checks the reply.
func (d *description) around(w *httptest.ResponseRecorder, req *http.Request, handle http.HandlerFunc) error {
	if d == nil {
		handle(w, req)
		return nil
	}
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
		return fmt.Errorf("no such operation: %w", err)
	}
	input := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
			ExcludeReadOnlyValidations: true,
		},
	}
	if err := openapi3filter.ValidateRequest(req.Context(), input); err != nil {
		http.Error(w, `{"message":"Validation Failed"}`, http.StatusUnprocessableEntity)
		return fmt.Errorf("request: %w", err)
	}
	handle(w, req)
	return checkReply(req.Context(), input, w)
}

// checkReply is lenient with refusals: the descriptions leave most of them out.
func checkReply(ctx context.Context, input *openapi3filter.RequestValidationInput, w *httptest.ResponseRecorder) error {
	input.Options.IncludeResponseStatus = w.Code < 400
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: w.Code, Header: w.Header(),
		Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())), Options: input.Options,
	})
	if err != nil {
		return fmt.Errorf("reply %d: %w", w.Code, err)
	}
	return nil
}
