// Package task says which task this is and where its peers reach it.
package task

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/webordinary/live-edit/container/supervisor/config"
	"github.com/webordinary/live-edit/container/supervisor/lease"
)

// Identify asks ECS for the task's ARN and address ("Amazon ECS task metadata endpoint version 4 for tasks on Fargate" in the developer
// guide). Outside ECS it is named after the machine. An error says what is missing; the identity then is as good as can be.
func Identify(ctx context.Context, settings *config.Settings) (lease.Identity, error) {
	id := lease.Identity{Instance: rand.Text()}
	var address string
	var err error
	if settings.Metadata != "" {
		id.Task, address, err = ask(ctx, settings.Metadata+"/task")
	}
	if id.Task == "" {
		name, _ := os.Hostname() // a task without a name still has its instance
		id.Task = "local/" + name + "/" + strconv.Itoa(os.Getpid())
	}
	if settings.Listen != "" {
		address = settings.Listen
	}
	if address == "" {
		var missing error
		if address, missing = outward(); missing != nil {
			err = errors.Join(err, missing)
		}
	}
	id.Address = net.JoinHostPort(address, strconv.Itoa(config.PeerPort))
	return id, err
}

func ask(ctx context.Context, url string) (arn, address string, err error) {
	const patience, tries, most = 2 * time.Second, 3, 1 << 20
	var metadata struct {
		TaskARN    string
		Containers []struct {
			Networks []struct{ IPv4Addresses []string }
		}
	}
	for try := range tries {
		if try > 0 {
			time.Sleep(time.Duration(try) * 200 * time.Millisecond)
		}
		if err = get(ctx, url, patience, most, &metadata); err == nil {
			break
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("ask the task's metadata: %w", err)
	}
	for _, c := range metadata.Containers {
		for _, n := range c.Networks {
			if len(n.IPv4Addresses) > 0 {
				return metadata.TaskARN, n.IPv4Addresses[0], nil
			}
		}
	}
	return metadata.TaskARN, "", nil
}

func get(ctx context.Context, url string, patience time.Duration, most int64, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return json.NewDecoder(io.LimitReader(response.Body, most)).Decode(into)
}

// outward is the machine's first address that others can reach.
func outward() (string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("find this task's address: %w", err)
	}
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.IsGlobalUnicast() && network.IP.To4() != nil {
			return network.IP.String(), nil
		}
	}
	return "127.0.0.1", errors.New("find this task's address: it has none but the loopback's, so no other task reaches it")
}
