package scheduler

import (
	"time"
)

// Task states, from "Amazon ECS task lifecycle" in the developer guide.
const (
	Provisioning   = "PROVISIONING"
	Pending        = "PENDING"
	Activating     = "ACTIVATING"
	Running        = "RUNNING"
	Deactivating   = "DEACTIVATING"
	Stopping       = "STOPPING"
	Deprovisioning = "DEPROVISIONING"
	Stopped        = "STOPPED"
)

// Stop codes (ECS API reference, Task.stopCode).
const (
	CodeTaskFailedToStart        = "TaskFailedToStart"
	CodeEssentialContainerExited = "EssentialContainerExited"
	CodeServiceScheduler         = "ServiceSchedulerInitiated"
)

// Task is one run of a task definition by a service.
type Task struct {
	ARN               string    `json:"arn"`
	ClusterARN        string    `json:"clusterArn"`
	ServiceARN        string    `json:"serviceArn"`
	ServiceName       string    `json:"serviceName"`
	DeploymentID      string    `json:"deploymentId"`
	TaskDefinitionARN string    `json:"taskDefinitionArn"`
	LastStatus        string    `json:"lastStatus"`
	DesiredStatus     string    `json:"desiredStatus"`
	SubnetID          string    `json:"subnetId"`
	PrivateIP         string    `json:"privateIp"`
	CreatedAt         time.Time `json:"createdAt"`
	PullStartedAt     time.Time `json:"pullStartedAt,omitzero"`
	PullStoppedAt     time.Time `json:"pullStoppedAt,omitzero"`
	StartedAt         time.Time `json:"startedAt,omitzero"`
	StoppingAt        time.Time `json:"stoppingAt,omitzero"`
	StoppedAt         time.Time `json:"stoppedAt,omitzero"`
	StopCode          string    `json:"stopCode,omitempty"`
	StoppedReason     string    `json:"stoppedReason,omitempty"`
	// Images are the digests that the task's containers run, of this account's registry; known once they are pulled.
	Images []ContainerImage `json:"images,omitempty"`
	// ProtectedUntil is the end of the task's scale-in protection; zero without protection.
	ProtectedUntil time.Time `json:"protectedUntil,omitzero"`
	// DueAt is when the task leaves its present state by itself; zero while it stays.
	DueAt time.Time `json:"dueAt,omitzero"`
	// Failed marks a task that counts as failed in its deployment once it has stopped.
	Failed bool `json:"failed,omitempty"`
}

// Digest is what a container of the task runs; "" while it is not pulled, and for an image of another registry.
func (t *Task) Digest(container string) string { return digestOf(t.Images, container) }

// Protected says whether the task is protected from scale-in at that time.
func (t *Task) Protected(at time.Time) bool { return at.Before(t.ProtectedUntil) }

// alive says whether the task counts toward the desired count.
func (t *Task) alive() bool { return t.DesiredStatus == Running }

// Rollout states (ECS API reference, Deployment.rolloutState).
const (
	RolloutInProgress = "IN_PROGRESS"
	RolloutCompleted  = "COMPLETED"
	RolloutFailed     = "FAILED"
)

// Deployment statuses.
const (
	DeploymentPrimary = "PRIMARY"
	DeploymentActive  = "ACTIVE"
)

// Deployment is one revision of a service and how far it has been rolled out.
type Deployment struct {
	ID                 string `json:"id"`
	Status             string `json:"status"`
	TaskDefinitionARN  string `json:"taskDefinitionArn"`
	RolloutState       string `json:"rolloutState"`
	RolloutStateReason string `json:"rolloutStateReason"`
	FailedTasks        int    `json:"failedTasks"`
	// Images are the digests that all tasks of the deployment run, from the first that was pulled.
	Images []ContainerImage `json:"images,omitempty"`
	// Unresolved counts the pulls that failed.
	Unresolved int       `json:"unresolved,omitempty"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
}

// Event is one line of the service's event log.
type Event struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"createdAt"`
	Message   string    `json:"message"`
}

// ServiceStatus is what ECS knows of a service beyond its configuration.
type ServiceStatus struct {
	ServiceARN  string       `json:"serviceArn"`
	Deployments []Deployment `json:"deployments"` // the primary one first
	Events      []Event      `json:"events"`      // newest first
	// Redeploy asks for a new deployment of the same task definition.
	Redeploy bool `json:"redeploy,omitempty"`
	// StartAt is when the scheduler starts what is missing; zero while nothing is.
	StartAt time.Time `json:"startAt,omitzero"`
	// StartFailures counts the tasks in a row that did not reach RUNNING; it slows the scheduler down.
	StartFailures int `json:"startFailures,omitempty"`
	// Started counts all tasks ever started, for their names.
	Started int `json:"started"`
	// MetricsAt is the end of the minute for which the next health metrics are emitted; zero without targets.
	MetricsAt time.Time `json:"metricsAt,omitzero"`
	// Steady is whether the last event said that the service reached a steady state.
	Steady bool `json:"steady"`
	// LastCompleted is the task definition of the latest rollout that completed, where a rollback returns to.
	LastCompleted string `json:"lastCompleted,omitempty"`
}

// Primary returns the deployment that the service is being brought to.
func (s *ServiceStatus) Primary() *Deployment {
	for i := range s.Deployments {
		if s.Deployments[i].Status == DeploymentPrimary {
			return &s.Deployments[i]
		}
	}
	return nil
}
