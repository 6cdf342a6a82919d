// Package definitions reads the container definitions of a task definition: their form, what ECS refuses in them, on Fargate more,
// and which texts the provider takes for the same.
package definitions

import (
	"fmt"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
)

// Container is one ECS container definition; the fields are those of the ECS API
// reference, ContainerDefinition.
type Container struct {
	Name                   string                 `json:"name"`
	Image                  string                 `json:"image"`
	CPU                    int                    `json:"cpu"`
	Memory                 int                    `json:"memory"`
	MemoryReservation      int                    `json:"memoryReservation"`
	Links                  []string               `json:"links"`
	PortMappings           []PortMapping          `json:"portMappings"`
	Essential              *bool                  `json:"essential"`
	RestartPolicy          *RestartPolicy         `json:"restartPolicy"`
	EntryPoint             []string               `json:"entryPoint"`
	Command                []string               `json:"command"`
	Environment            []KeyValue             `json:"environment"`
	EnvironmentFiles       []EnvironmentFile      `json:"environmentFiles"`
	MountPoints            []MountPoint           `json:"mountPoints"`
	VolumesFrom            []VolumeFrom           `json:"volumesFrom"`
	LinuxParameters        *LinuxParameters       `json:"linuxParameters"`
	Secrets                []Secret               `json:"secrets"`
	DependsOn              []Dependency           `json:"dependsOn"`
	StartTimeout           *int                   `json:"startTimeout"`
	StopTimeout            *int                   `json:"stopTimeout"`
	VersionConsistency     string                 `json:"versionConsistency"`
	Hostname               string                 `json:"hostname"`
	User                   string                 `json:"user"`
	WorkingDirectory       string                 `json:"workingDirectory"`
	DisableNetworking      bool                   `json:"disableNetworking"`
	Privileged             bool                   `json:"privileged"`
	ReadonlyRootFilesystem bool                   `json:"readonlyRootFilesystem"`
	DNSServers             []string               `json:"dnsServers"`
	DNSSearchDomains       []string               `json:"dnsSearchDomains"`
	ExtraHosts             []ExtraHost            `json:"extraHosts"`
	DockerSecurityOptions  []string               `json:"dockerSecurityOptions"`
	Interactive            bool                   `json:"interactive"`
	PseudoTerminal         bool                   `json:"pseudoTerminal"`
	DockerLabels           map[string]string      `json:"dockerLabels"`
	Ulimits                []Ulimit               `json:"ulimits"`
	LogConfiguration       *LogConfiguration      `json:"logConfiguration"`
	HealthCheck            *ContainerHealth       `json:"healthCheck"`
	SystemControls         []SystemControl        `json:"systemControls"`
	ResourceRequirements   []ResourceRequirement  `json:"resourceRequirements"`
	FirelensConfiguration  *Firelens              `json:"firelensConfiguration"`
	CredentialSpecs        []string               `json:"credentialSpecs"`
	RepositoryCredentials  *RepositoryCredentials `json:"repositoryCredentials"`
}

// PortMapping opens a container port.
type PortMapping struct {
	ContainerPort      int    `json:"containerPort"`
	HostPort           *int   `json:"hostPort"`
	Protocol           string `json:"protocol"`
	Name               string `json:"name"`
	AppProtocol        string `json:"appProtocol"`
	ContainerPortRange string `json:"containerPortRange"`
}

// KeyValue is an environment variable.
type KeyValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Secret is an environment variable filled from Secrets Manager or Parameter Store.
type Secret struct {
	Name      string `json:"name"`
	ValueFrom string `json:"valueFrom"`
}

// EnvironmentFile names a file in S3 with environment variables.
type EnvironmentFile struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

// MountPoint mounts a task volume.
type MountPoint struct {
	SourceVolume  string `json:"sourceVolume"`
	ContainerPath string `json:"containerPath"`
	ReadOnly      bool   `json:"readOnly"`
}

// VolumeFrom mounts another container's volumes.
type VolumeFrom struct {
	SourceContainer string `json:"sourceContainer"`
	ReadOnly        bool   `json:"readOnly"`
}

// Dependency orders the start of containers.
type Dependency struct {
	ContainerName string `json:"containerName"`
	Condition     string `json:"condition"`
}

// LogConfiguration says where a container's output goes.
type LogConfiguration struct {
	LogDriver     string            `json:"logDriver"`
	Options       map[string]string `json:"options"`
	SecretOptions []Secret          `json:"secretOptions"`
}

// ContainerHealth is a container's own health check.
type ContainerHealth struct {
	Command     []string `json:"command"`
	Interval    *int     `json:"interval"`
	Timeout     *int     `json:"timeout"`
	Retries     *int     `json:"retries"`
	StartPeriod *int     `json:"startPeriod"`
}

// The remaining parts of a definition, which the rules don't look into.
type (
	// RestartPolicy restarts a container without its task.
	RestartPolicy struct {
		Enabled              bool  `json:"enabled"`
		IgnoredExitCodes     []int `json:"ignoredExitCodes"`
		RestartAttemptPeriod int   `json:"restartAttemptPeriod"`
	}
	// LinuxParameters are kernel options.
	LinuxParameters struct {
		Capabilities *struct {
			Add  []string `json:"add"`
			Drop []string `json:"drop"`
		} `json:"capabilities"`
		Devices []struct {
			HostPath      string   `json:"hostPath"`
			ContainerPath string   `json:"containerPath"`
			Permissions   []string `json:"permissions"`
		} `json:"devices"`
		InitProcessEnabled bool `json:"initProcessEnabled"`
		SharedMemorySize   int  `json:"sharedMemorySize"`
		Tmpfs              []struct {
			ContainerPath string   `json:"containerPath"`
			Size          int      `json:"size"`
			MountOptions  []string `json:"mountOptions"`
		} `json:"tmpfs"`
		MaxSwap    *int `json:"maxSwap"`
		Swappiness *int `json:"swappiness"`
	}
	// ExtraHost is a line of /etc/hosts.
	ExtraHost struct {
		Hostname  string `json:"hostname"`
		IPAddress string `json:"ipAddress"`
	}
	// Ulimit is a resource limit.
	Ulimit struct {
		Name      string `json:"name"`
		SoftLimit int    `json:"softLimit"`
		HardLimit int    `json:"hardLimit"`
	}
	// SystemControl is a kernel parameter.
	SystemControl struct {
		Namespace string `json:"namespace"`
		Value     string `json:"value"`
	}
	// ResourceRequirement asks for GPUs.
	ResourceRequirement struct {
		Value string `json:"value"`
		Type  string `json:"type"`
	}
	// Firelens makes a container the task's log router.
	Firelens struct {
		Type    string            `json:"type"`
		Options map[string]string `json:"options"`
	}
	// RepositoryCredentials are for private registries outside ECR.
	RepositoryCredentials struct {
		CredentialsParameter string `json:"credentialsParameter"`
	}
)

// Parse decodes container definitions and refuses unknown keys.
func Parse(text string) ([]Container, error) {
	var out []Container
	if err := jsontext.Strict(text, &out); err != nil {
		return nil, fmt.Errorf("ECS Task Definition container_definitions is invalid: %w", err)
	}
	return out, nil
}

// IsEssential reports whether the task stops when the container does; that is
// the default.
func (c Container) IsEssential() bool { return c.Essential == nil || *c.Essential }
