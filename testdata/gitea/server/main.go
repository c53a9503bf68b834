// Command server is Gitea itself, as its own main makes it: the tests of pull
// requests run against it.
package main

import (
	"os"

	"code.gitea.io/gitea/cmd"
	"code.gitea.io/gitea/modules/log"
	"code.gitea.io/gitea/modules/setting"
)

func main() {
	setting.AppVer = "1.26.0"
	app := cmd.NewMainApp(cmd.AppVersion{Version: setting.AppVer})
	err := cmd.RunMainApp(app, os.Args...)
	log.GetManager().Close()
	if err != nil {
		os.Exit(1)
	}
}
