package compose

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// scan refuses other files that the compose files name outside the checkout
// before anything opens them: errors of a parser quote what they read. It
// follows include and extends as the loader will, one file at a time.
func (l *loading) scan(ctx context.Context, files []string, dir string, env types.Mapping) error {
	var inside []string
	for _, f := range files {
		key := fmt.Sprintf("%q", []any{dir, f, env}) // fmt sorts maps
		if l.open("compose:", f, "uses the file "+rel(l.dir, f)) && !l.scanned[key] {
			l.scanned[key] = true
			inside = append(inside, f)
		}
	}
	for _, f := range inside {
		if err := l.scanFile(ctx, f, dir, env); err != nil {
			return err
		}
	}
	return nil
}

// scanFile looks at every document by itself: the loader follows what a later
// one overrides.
func (l *loading) scanFile(ctx context.Context, file, dir string, env types.Mapping) error {
	docs, err := documents(file)
	if err != nil {
		return fmt.Errorf("%s: %w", rel(l.dir, file), err)
	}
	l.read = append(l.read, composeFile{name: rel(l.dir, file), docs: docs, env: env})
	for _, doc := range docs {
		writeNulls(doc)
		text, err := yaml.Marshal(doc)
		if err != nil {
			return fmt.Errorf("%s: %w", rel(l.dir, file), err)
		}
		model, err := l.model(ctx, types.ConfigFile{Filename: file, Content: text}, dir, env)
		if err != nil && err.Error() == "empty compose file" {
			continue // It may only reset what another one sets.
		}
		if err != nil {
			return fmt.Errorf("%s: %w", rel(l.dir, file), err)
		}
		if err := l.scanModel(ctx, model, dir, env); err != nil {
			return err
		}
	}
	return nil
}

// writeNulls gives every null that is written as nothing its name: {data: } would
// be printed as {data: ""}.
func writeNulls(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" && node.Value == "" {
		node.Value = "null"
	}
	for _, child := range node.Content {
		writeNulls(child)
	}
}

// model is one document, interpolated, with nothing followed. One of a wrong
// shape makes compose-go panic, which says neither where nor why: the schema
// does.
func (l *loading) model(
	ctx context.Context, file types.ConfigFile, dir string, env types.Mapping,
) (model map[string]any, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			if model, err = l.decode(ctx, file, dir, env, false); err == nil {
				err = fmt.Errorf("malformed: %v", broken)
			}
		}
	}()
	return l.decode(ctx, file, dir, env, true)
}

func (l *loading) decode(
	ctx context.Context, file types.ConfigFile, dir string, env types.Mapping, anyShape bool,
) (map[string]any, error) {
	details := types.ConfigDetails{WorkingDir: dir, ConfigFiles: []types.ConfigFile{file}, Environment: env.Clone()}
	return loader.LoadModelWithContext(ctx, details, func(o *loader.Options) {
		o.SkipValidation = anyShape
		o.SkipInclude, o.SkipExtends, o.SkipNormalization, o.SkipConsistencyCheck = true, true, true, true
		o.SkipDefaultValues, o.SkipResolveEnvironment, o.ResolvePaths = true, true, false
		o.SetProjectName("scan", true)
	})
}

func (l *loading) scanModel(ctx context.Context, model map[string]any, dir string, env types.Mapping) error {
	for _, entry := range items(model["include"]) {
		if err := l.scanInclude(ctx, entry, dir, env); err != nil {
			return err
		}
	}
	services, _ := model["services"].(map[string]any)
	for _, name := range sorted(services) {
		service, _ := services[name].(map[string]any)
		if err := l.scanService(ctx, name, service, dir, env); err != nil {
			return err
		}
	}
	return nil
}

func (l *loading) scanInclude(ctx context.Context, entry any, dir string, env types.Mapping) error {
	m, ok := entry.(map[string]any)
	if !ok {
		m = map[string]any{"path": entry}
	}
	paths := texts(m["path"])
	if len(paths) == 0 {
		return fmt.Errorf("include needs a path")
	}
	for i, p := range paths {
		if remote(p) {
			l.blocked = !l.check.refuse("include:"+p, "includes "+p+", which is not a file of the checkout") ||
				l.blocked
			return nil
		}
		paths[i] = absolute(dir, p)
		if !l.open("include:", paths[i], "includes "+p) {
			return nil
		}
	}
	project := filepath.Dir(paths[0])
	if d, ok := m["project_directory"].(string); ok && d != "" {
		project = absolute(dir, d)
		if !l.open("include:", project, "includes the folder "+d) {
			return nil
		}
	}
	included, err := l.includedEnv(texts(m["env_file"]), project, dir, env)
	if err != nil {
		return err
	}
	return l.scan(ctx, paths, project, included)
}

// includedEnv is what an included file sees: the environment, and under it the
// .env of its own folder or the files that the entry names.
func (l *loading) includedEnv(files []string, project, dir string, env types.Mapping) (types.Mapping, error) {
	for i, f := range files {
		files[i] = absolute(dir, f)
	}
	if own := filepath.Join(project, ".env"); len(files) == 0 {
		if s, err := os.Stat(own); err == nil && !s.IsDir() {
			files = []string{own}
		}
	}
	var readable []string
	for _, f := range files {
		if f != "/dev/null" && l.open("env_file:", f, "reads "+rel(l.dir, f)) {
			readable = append(readable, f)
		}
	}
	vars, err := dotenv.GetEnvFromFile(env, readable)
	if err != nil {
		return nil, bareLine(err)
	}
	return env.Clone().Merge(vars), nil
}

func (l *loading) scanService(
	ctx context.Context, name string, service map[string]any, dir string, env types.Mapping,
) error {
	for _, f := range texts(service["label_file"]) {
		path := absolute(dir, f)
		l.open(name+".label_file:", path, name+": label_file "+rel(l.dir, path))
	}
	l.missing.buildArgs(name, service, env)
	extends, _ := service["extends"].(map[string]any)
	base, _ := extends["file"].(string)
	if base == "" {
		return nil
	}
	path := absolute(dir, base)
	if remote(base) {
		path = base
	}
	if !l.open(name+".extends:", path, name+": extends "+base) {
		return nil
	}
	return l.scan(ctx, []string{path}, filepath.Dir(path), env)
}

// open tells whether the loader may open a file; if not it must not run.
func (l *loading) open(prefix, path, what string) bool {
	ok := l.check.path(prefix, path, what)
	l.blocked = l.blocked || !ok
	return ok
}

// remote tells the references that compose would fetch: git and OCI.
func remote(path string) bool {
	return strings.Contains(path, "://") || strings.HasPrefix(path, "git@") || strings.HasPrefix(path, "github.com/")
}

func items(v any) []any {
	if all, ok := v.([]any); ok {
		return all
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

// texts reads the forms that a list of paths may have: one, several, or
// mappings with a path.
func texts(v any) []string {
	var found []string
	for _, item := range items(v) {
		switch item := item.(type) {
		case string:
			found = append(found, item)
		case map[string]any:
			if path, ok := item["path"].(string); ok {
				found = append(found, path)
			}
		}
	}
	return found
}
