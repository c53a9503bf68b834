package docker

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offshoot-dev/offshoot/internal/hint"
)

// program writes a file with the header of a program for an architecture.
func program(t *testing.T, path string, machine elf.Machine) {
	t.Helper()
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: 1, Ehsize: 64, Phentsize: 56,
		Shentsize: 64,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = 1
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, header); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestBinaryFor_IsThisOneOrItsSibling(t *testing.T) {
	folder := t.TempDir()
	own, sibling := filepath.Join(folder, "offshoot"), filepath.Join(folder, "offshoot-linux-arm64")
	program(t, own, elf.EM_X86_64)
	program(t, sibling, elf.EM_AARCH64)
	link := filepath.Join(t.TempDir(), "offshoot")
	if err := os.Symlink(own, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ own, architecture, want string }{
		{own, "x86_64", own}, {own, "amd64", own}, {own, "aarch64", sibling}, {link, "arm64", sibling},
	} {
		got, err := BinaryFor(c.own, "linux", c.architecture)
		if resolved, _ := filepath.EvalSymlinks(c.want); err != nil || got != resolved {
			t.Errorf("%s: %q, %v; want %q", c.architecture, got, err, c.want)
		}
	}
}

func TestBinaryFor_SaysWhatIsMissing(t *testing.T) {
	own := filepath.Join(t.TempDir(), "offshoot")
	if err := os.WriteFile(own, []byte("MZ a program of another system"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := BinaryFor(own, "linux", "x86_64")
	if hints := hint.Of(err); len(hints) != 1 || !strings.Contains(hints[0], "offshoot-linux-amd64") {
		t.Errorf("error %v, hints %q", err, hints)
	}
	for _, c := range [][2]string{{"windows", "x86_64"}, {"linux", "riscv64"}} {
		if got, err := BinaryFor(own, c[0], c[1]); err == nil {
			t.Errorf("%v: %q", c, got)
		}
	}
}

func TestConnect_FindsTheEngineOrSaysHow(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "no.sock"))
	_, err := Connect(t.Context())
	if err == nil || len(hint.Of(err)) == 0 {
		t.Errorf("error %v, hints %q", err, hint.Of(err))
	}
}
