package container

import "github.com/webordinary/live-edit/container/supervisor/config"

// DemoFile is the image's configuration of the demo, a binary, behind a supervisor. How long its steps take is the service's time, and
// said with --boot and --prepare.
func DemoFile(demo string) *config.File {
	const longest = 60
	program := func(arguments ...string) config.Program {
		return config.Program{Command: append([]string{demo}, arguments...)}
	}
	return &config.File{
		Prepare: []config.Step{{
			Program: program("prepare"), Name: "Preparing the demo's workspace", Unless: "{workspace}/.demo-prepared", Minutes: longest,
		}},
		Preview: config.Server{
			Program: program("preview", "-listen", "{host}:{port}", "-sockets", "{host}:{hmrPort}"), Ready: "/preview/", ReadyMinutes: longest,
		},
		API:         &config.Server{Program: program("api", "-listen", "{host}:{port}")},
		StopSeconds: 2,
	}
}
