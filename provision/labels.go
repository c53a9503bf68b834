package provision

import (
	"maps"
	"strconv"
	"strings"
	"time"
)

// The labels that hold all state of a preview. They are on every container,
// network, volume and image that offshoot makes, and nothing without them is
// ever touched.
const (
	prefix          = "dev.offshoot."
	labelPreview    = prefix + "preview"
	labelProject    = prefix + "project"
	labelName       = prefix + "name"
	labelRepository = prefix + "repository"
	labelNumber     = prefix + "repository-id"
	labelPull       = prefix + "pull-request"
	labelBranch     = prefix + "branch"
	labelCommit     = prefix + "commit"
	labelGeneration = prefix + "generation"
	labelArchive    = prefix + "archive"
	labelExpires    = prefix + "expires"
	labelVersion    = prefix + "version"
	labelDatabase   = prefix + "database"      // the service with the database
	labelLoaded     = prefix + "database-name" // the database in it, where its own environment does not say
	labelExpose     = prefix + "expose"        // web=8000,api=9000: the one to open first first

	labelVia = prefix + "via" // the gateway's container

	labelVolumeOf   = prefix + "volume-of"  // on volumes instead of the generation: they may outlive it
	labelFiles      = prefix + "files"      // on the volume of a checkout's copy: what it is of
	labelMark       = prefix + "mark"       // on a marker volume: what it says
	labelContainers = prefix + "containers" // on the marker of stopped ones: their ids
	labelKeeper     = prefix + "keeper"     // on a generation's keeper
	labelGateway    = prefix + "gateway"    // on what belongs to the gateway
	labelConfig     = prefix + "gateway-config"
	labelFront      = prefix + "gateway-front" // on the gateway's container: a Front
	labelSignIn     = prefix + "sign-in"       // "required", where one has to sign in to the preview
	labelPass       = prefix + "pass"          // which links and passwords are good: see gateway.Route
)

const signInRequired = "required"

// labels returns what identifies a preview, without empty values.
func (p Preview) labels() map[string]string {
	labels := map[string]string{
		labelPreview: p.ID, labelProject: p.Project, labelName: p.Name,
		labelRepository: p.Repository, labelNumber: p.RepositoryID, labelBranch: p.Branch,
	}
	if p.PullRequest > 0 {
		labels[labelPull] = strconv.Itoa(p.PullRequest)
	}
	return withoutEmpty(labels)
}

// previewOf reads an identity back.
func previewOf(labels map[string]string) Preview {
	pull, _ := strconv.Atoi(labels[labelPull])
	return Preview{
		ID: labels[labelPreview], Project: labels[labelProject], Name: labels[labelName],
		Repository: labels[labelRepository], RepositoryID: labels[labelNumber], PullRequest: pull,
		Branch: labels[labelBranch],
	}
}

// A generation is one complete stack of a preview: every up makes a new one
// beside that which serves.
type generation struct {
	Preview  Preview
	Number   int
	Commit   string
	Archive  string // sha256 of the archive's bytes
	Database string // the service
	Loaded   string // the database in it that is the preview's; empty: as its environment says
	Expose   []port // the one to open first first
	Expires  time.Time
	Version  string
	Via      string // the gateway
	SignIn   bool   // whoever wants to see it has to sign in
	Pass     string // those that a preview of this id had before have another one
}

// A port of a service that the gateway shows.
type port struct {
	Service string
	Number  int
}

func (g generation) labels() map[string]string {
	labels := g.Preview.labels()
	labels[labelGeneration] = strconv.Itoa(g.Number)
	labels[labelCommit] = g.Commit
	labels[labelArchive] = g.Archive
	labels[labelDatabase] = g.Database
	labels[labelLoaded] = g.Loaded
	labels[labelExpose] = formatPorts(g.Expose)
	labels[labelVersion] = g.Version
	labels[labelVia] = g.Via
	labels[labelPass] = g.Pass
	if g.SignIn {
		labels[labelSignIn] = signInRequired
	}
	if !g.Expires.IsZero() {
		labels[labelExpires] = g.Expires.UTC().Format(time.RFC3339)
	}
	return withoutEmpty(labels)
}

// everyLabel has an empty value where labels has none: a container takes over
// the labels of its image, which would else be believed.
func (g generation) everyLabel() map[string]string {
	labels := map[string]string{
		labelNumber: "", labelPull: "", labelBranch: "", labelCommit: "", labelArchive: "", labelDatabase: "",
		labelLoaded: "", labelExpose: "", labelExpires: "",
		labelVersion: "", labelVolumeOf: "", labelMark: "", labelContainers: "", labelKeeper: "", labelGateway: "",
		labelConfig: "",
		labelFront:  "", labelSignIn: "", labelPass: "",
	}
	maps.Copy(labels, g.labels())
	return labels
}

// generationOf reads a generation back. A number that is none comes out as 0,
// which no generation has.
func generationOf(labels map[string]string) generation {
	number, err := strconv.Atoi(labels[labelGeneration])
	if err != nil {
		number = 0 // one that is too large comes out as the largest there is
	}
	expires, _ := time.Parse(time.RFC3339, labels[labelExpires])
	return generation{
		Preview: previewOf(labels), Number: number, Commit: labels[labelCommit],
		Archive: labels[labelArchive], Database: labels[labelDatabase], Loaded: labels[labelLoaded],
		Expose: parsePorts(labels[labelExpose]), Expires: expires, Version: labels[labelVersion], Via: labels[labelVia],
		SignIn: labels[labelSignIn] == signInRequired, Pass: labels[labelPass],
	}
}

// formatPorts writes web=8000,api=9000. The name of a compose service has
// neither sign in it.
func formatPorts(ports []port) string {
	var fields []string
	for _, p := range ports {
		fields = append(fields, p.Service+"="+strconv.Itoa(p.Number))
	}
	return strings.Join(fields, ",")
}

func parsePorts(text string) []port {
	var ports []port
	for field := range strings.SplitSeq(text, ",") {
		service, number, _ := strings.Cut(field, "=")
		if n, err := strconv.Atoi(number); err == nil && service != "" {
			ports = append(ports, port{Service: service, Number: n})
		}
	}
	return ports
}

func withoutEmpty(labels map[string]string) map[string]string {
	for key, value := range labels {
		if value == "" {
			delete(labels, key)
		}
	}
	return labels
}
