package ec2

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Wipe removes from the files of a machine, which are below root, what must
// not get into an image: keys of hosts and those who may log in, what tells
// machines apart, what cloud-init and the bootstrap knew of this one, secrets
// and journals of runs, logs. What a boot needs and everybody may know stays:
// packages, the engine's data, the timer that ends a machine whose user data
// never ran, and the rule that keeps containers from the metadata service.
//
// The archive, if its digest is given, stays as well: the database in the image
// was made of it. Wipe follows no link out of root, and may run twice.
func Wipe(root, archive string) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("wipe: %w", err)
	}
	defer r.Close()
	var errs []error
	but := func(do func(*os.Root, string) error) func(*os.Root, string) error {
		return func(r *os.Root, name string) error {
			if archive != "" && name == objects+archive {
				return nil
			}
			return do(r, name)
		}
	}
	for _, pattern := range secret {
		errs = append(errs, eachMatch(r, pattern, but(overwriteAll)), eachMatch(r, pattern, but((*os.Root).RemoveAll)))
	}
	for _, pattern := range wiped {
		errs = append(errs, eachMatch(r, pattern, (*os.Root).RemoveAll))
	}
	for _, name := range emptied {
		errs = append(errs, truncate(r, name))
	}
	errs = append(errs, emptyLogs(r))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("wipe: %w", err)
	}
	return nil
}

// objects is where the contents of files are that were sent to the machine, by
// their digests.
const objects = "home/offshoot/offshoot/objects/"

// secret are patterns of what is overwritten and then removed, with all that
// is in it: the copy of a disk has the blocks of what was removed as well. The
// archive of a run is not among them, since it is the object under another name.
var secret = []string{
	"etc/offshoot/ssh_host_key", "etc/ssh/ssh_host_*", "root/.ssh", "home/*/.ssh",
	"root/.docker", "home/*/.docker", "root/.aws", "home/*/.aws", "root/.*_history", "home/*/.*_history",
	"home/offshoot/offshoot/runs/*/order*", "home/offshoot/offshoot/runs/*/checkout", objects + "*",
	"var/lib/cloud/instances/*", "var/lib/cloud/data/*", "var/lib/systemd/credential.secret",
}

// wiped are patterns of what is removed, with all that is in it.
var wiped = []string{
	"etc/offshoot/sshd_config", "etc/offshoot/ready", "etc/offshoot/failed",
	"etc/systemd/system/offshoot-sshd.service", "etc/systemd/system/*.wants/offshoot-sshd.service",
	"home/offshoot/offshoot/runs", "home/offshoot/offshoot/lock", "root/.cache", "home/*/.cache",
	"var/lib/cloud/instance", "var/lib/cloud/sem/*", "var/lib/cloud/handlers/*",
	"var/lib/systemd/random-seed", "var/lib/docker/engine-id", "etc/docker/key.json",
	"var/lib/dhcp/*", "var/lib/NetworkManager/*", "var/crash/*", "tmp/*", "tmp/.*", "var/tmp/*", "var/log/journal/*",
}

// emptied are files that have to be there.
var emptied = []string{"etc/machine-id", "var/lib/dbus/machine-id"}

func eachMatch(r *os.Root, pattern string, do func(r *os.Root, name string) error) error {
	found, err := fs.Glob(r.FS(), pattern)
	errs := []error{err}
	for _, name := range found {
		if base := path.Base(name); base == "." || base == ".." {
			continue
		}
		if err := do(r, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// maxSecret bounds what is taken for a secret: an archive is none.
const maxSecret = 1 << 20

func overwriteAll(r *os.Root, name string) error {
	if info, err := r.Lstat(name); err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	return fs.WalkDir(r.FS(), name, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Size() > maxSecret {
			return err
		}
		return overwrite(r, name, info.Size())
	})
}

func overwrite(r *os.Root, name string, size int64) error {
	file, err := r.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, size))
	return errors.Join(err, file.Sync(), file.Close())
}

func truncate(r *os.Root, name string) error {
	info, err := r.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	file, err := r.OpenFile(name, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

// emptyLogs empties logs and keeps the files: their owners and modes are how
// their writers want them.
func emptyLogs(r *os.Root) error {
	var errs []error
	err := fs.WalkDir(r.FS(), "var/log", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			errs = append(errs, err)
		case entry.Type().IsRegular() && rotated(name):
			errs = append(errs, r.Remove(name))
		case entry.Type().IsRegular():
			errs = append(errs, truncate(r, name))
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// rotated tells a log that nobody writes to any more: syslog.2.gz, dmesg.0.
func rotated(name string) bool {
	extension := path.Ext(name)
	return extension == ".gz" || extension == ".old" ||
		len(extension) > 1 && strings.Trim(extension[1:], "0123456789") == ""
}
