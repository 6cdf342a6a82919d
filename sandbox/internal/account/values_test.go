package account_test

import (
	"strings"
	"testing"

	"github.com/webordinary/live-edit/sandbox/internal/account"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

func TestNetworkRules(t *testing.T) {
	t.Parallel()
	runWrong(t, []wrong{
		{
			"load balancer in one zone", tLB, "alb", same("x", obj{"subnets": list{subnetA}}),
			[]string{"At least two subnets in two different Availability Zones"},
		},
		{"two subnets of one zone", tLB, "alb", func(p *program) obj {
			return obj{"name": "x", "subnets": list{subnetA, p.id("public")}}
		}, []string{"multiple subnets in the same Availability Zone"}},
		{"subnets of two VPCs", tLB, "alb", func(p *program) obj {
			return obj{"name": "x", "subnets": list{subnetA, p.id("private")}}
		}, []string{"must belong to the same VPC"}},
		{"group of another VPC", tLB, "alb", func(p *program) obj {
			return obj{"name": "x", "subnets": list{p.id("public"), p.id("private")}}
		}, []string{"security groups are invalid"}},
		{"rule between VPCs", tIngress, "task-from-alb", func(p *program) obj {
			other, complaint := p.try(tGroup, "other", obj{"name": "other", "vpcId": p.id("vpc")})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"referencedSecurityGroupId": other.ID}
		}, []string{"belong to different networks"}},
		{
			"all traffic with a port", tEgress, "task-out", set(obj{"fromPort": 80, "toPort": 80}),
			[]string{"fromPort", "not allowed with protocol -1"},
		},
		{"tcp without a port", tIngress, "https", set(obj{"fromPort": nil}), []string{"protocol tcp needs fromPort"}},
		{
			"ports the wrong way round", tIngress, "https", set(obj{"fromPort": 444, "toPort": 443}),
			[]string{"Invalid TCP/UDP port range (444:443)"},
		},
		{"port beyond the last", tIngress, "https", set(obj{"toPort": 70000}), []string{"toPort", "70000"}},
		{"unknown protocol", tIngress, "https", set(obj{"ipProtocol": "http"}), []string{`invalid protocol "http"`}},
		{"no CIDR block", tIngress, "https", set(obj{"cidrIpv4": "everybody"}), []string{`"everybody" is not a valid CIDR block`}},
		{"CIDR block with host bits", tIngress, "https", set(obj{"cidrIpv4": "10.1.2.3/16"}), []string{`did you mean "10.1.0.0/16"?`}},
		{"VPC too large", tVPC, "vpc", set(obj{"cidrBlock": "10.0.0.0/8"}), []string{"between /16 and /28"}},
		{"subnet outside its VPC", tSubnet, "private", set(obj{"cidrBlock": "10.99.0.0/20"}), []string{"InvalidSubnet.Range", "10.20.0.0/16"}},
		{
			"subnet in another region", tSubnet, "private", set(obj{"cidrBlock": "10.20.64.0/20", "availabilityZone": "eu-west-1a"}),
			[]string{"eu-west-1a", "us-west-2a"},
		},
		{"public NAT gateway without an address", tNAT, "nat", set(obj{"allocationId": nil}), []string{"AllocationId"}},
		{"endpoint of another region", "aws:ec2/vpcEndpoint:VpcEndpoint", "", func(p *program) obj {
			return obj{"vpcId": p.id("vpc"), "serviceName": "com.amazonaws.eu-west-1.s3"}
		}, []string{"InvalidServiceName"}},
	})
}

func TestLoadBalancerRules(t *testing.T) {
	t.Parallel()
	forward := func(p *program) obj { return obj{"type": "forward", "targetGroupArn": p.id("api-tg")} }
	health := func(h obj) func(*program) obj { return same("x", obj{"healthCheck": h}) }
	runWrong(t, []wrong{
		{"priority 0", tRule, "api-rule", set(obj{"priority": 0}), []string{"priority", "in the range (1 - 50000), got 0"}},
		{"priority 50001", tRule, "api-rule", set(obj{"priority": 50001}), []string{"priority", "50001"}},
		{"six condition values", tRule, "api-rule", set(obj{"priority": 7, "conditions": list{obj{"pathPattern": obj{"values": list{
			"/1", "/2",
			"/3", "/4", "/5", "/6",
		}}}}}), []string{"can have 5 condition values, this one has 6"}},
		{"six wildcards", tRule, "api-rule", set(obj{"priority": 7, "conditions": list{obj{"pathPattern": obj{"values": list{
			"/*/*/*",
			"/*/*/*",
		}}}}}), []string{"can have 5 wildcards, this one has 6"}},
		{"two path conditions", tRule, "api-rule", set(obj{"priority": 7, "conditions": list{
			obj{"pathPattern": obj{"values": list{"/a"}}},
			obj{"pathPattern": obj{"values": list{"/b"}}},
		}}), []string{`only have one "pathPattern" condition`}},
		{
			"two kinds in one condition", tRule, "api-rule", set(obj{
				"priority":   7,
				"conditions": list{obj{"pathPattern": obj{"values": list{"/a"}}, "hostHeader": obj{"values": list{"a.b"}}}},
			}),
			[]string{"conditions[0]", "exactly one of"},
		},
		{
			"path with a space", tRule, "api-rule", set(obj{"priority": 7, "conditions": list{obj{"pathPattern": obj{"values": list{"/a b"}}}}}),
			[]string{"conditions[0].pathPattern.values[0]", "/a b"},
		},
		{"host that is none", tRule, "api-rule", set(obj{
			"priority":   7,
			"conditions": list{obj{"hostHeader": obj{"values": list{"localhost"}}}},
		}), []string{"must be a domain"}},
		{"path of 129 characters", tRule, "api-rule", set(obj{
			"priority":   7,
			"conditions": list{obj{"pathPattern": obj{"values": list{"/" + strings.Repeat("a", 128)}}}},
		}), []string{"1 to 128 characters"}},
		{
			"forward without a target", tRule, "api-rule", set(obj{"priority": 7, "actions": list{obj{"type": "forward"}}}),
			[]string{`Must specify targetGroupArn or forward when "type" is "forward"`},
		},
		{"fixed response with a target", tRule, "api-rule", func(p *program) obj {
			return obj{"priority": 7, "actions": list{obj{
				"type": "fixed-response", "targetGroupArn": p.id("api-tg"),
				"fixedResponse": obj{"contentType": "text/plain"},
			}}}
		}, []string{`Can only specify "targetGroupArn" when "type" is "forward"`}},
		{"two final actions", tRule, "api-rule", func(p *program) obj {
			return obj{"priority": 7, "actions": list{forward(p), forward(p)}}
		}, []string{"InvalidLoadBalancerAction", "the last action, and only that"}},
		{"redirect to itself", tListener, "redirect", set(obj{"port": 81, "defaultActions": list{obj{
			"type":     "redirect",
			"redirect": obj{"statusCode": "HTTP_301"},
		}}}), []string{"loops for ever"}},
		{"redirect with 307", tListener, "redirect", set(obj{"port": 81, "defaultActions": list{obj{
			"type":     "redirect",
			"redirect": obj{"protocol": "HTTPS", "statusCode": "HTTP_307"},
		}}}), []string{`one of ["HTTP_301" "HTTP_302"]`}},
		{"fixed response 302", tListener, "redirect", set(obj{"port": 81, "defaultActions": list{obj{
			"type":          "fixed-response",
			"fixedResponse": obj{"contentType": "text/plain", "statusCode": "302"},
		}}}), []string{"must be 2XX, 4XX or 5XX"}},
		{"fixed response of 1025 characters", tListener, "redirect", set(obj{
			"port": 81,
			"defaultActions": list{obj{"type": "fixed-response", "fixedResponse": obj{
				"contentType": "text/plain", "statusCode": "200",
				"messageBody": strings.Repeat("x", 1025),
			}}},
		}), []string{"at most 1024"}},
		{
			"HTTPS without a certificate", tListener, "listener", set(obj{"port": 444, "certificateArn": nil}),
			[]string{"certificate must be specified for HTTPS"},
		},
		{
			"HTTP with a certificate", tListener, "redirect", set(obj{"port": 81, "certificateArn": view.CertificateARN}),
			[]string{"is for HTTPS and TLS listeners only"},
		},
		{"unknown TLS policy", tListener, "listener", set(obj{"port": 444, "sslPolicy": "Modern"}), []string{"SSLPolicyNotFound", "Modern"}},
		{"certificate that is not issued", tListener, "listener", func(p *program) obj {
			arn := strings.TrimSuffix(view.CertificateARN, "0") + "1"
			state := inputs(obj{"arn": arn, "status": "PENDING_VALIDATION", "domainName": "x.ameliastamps.com"})
			if err := p.acc.Put(account.Resource{Type: "aws:acm/certificate:Certificate", ID: arn, State: state}); err != nil {
				p.t.Fatal(err)
			}
			return obj{"port": 444, "certificateArn": arn}
		}, []string{"UnsupportedCertificate", "PENDING_VALIDATION"}},
		{"group of targets on two load balancers", tListener, "redirect", func(p *program) obj {
			lb, complaint := p.try(tLB, "second", p.with("alb", obj{"name": "second"}))
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"loadBalancerArn": lb.ID, "defaultActions": list{forward(p)}}
		}, []string{"TargetGroupAssociationLimit"}},
		{
			"health timeout as long as the interval", tTG, "api-tg", health(obj{"interval": 10, "timeout": 10}),
			[]string{"timeout '10' must be smaller than the interval '10'"},
		},
		{
			"default timeout longer than the interval", tTG, "api-tg", health(obj{"interval": 5}),
			[]string{"timeout '5' must be smaller than the interval '5'"},
		},
		{
			"health interval of 4 seconds", tTG, "api-tg", health(obj{"interval": 4, "timeout": 2}),
			[]string{"healthCheck.interval", "(5 - 300), got 4"},
		},
		{"health threshold of 1", tTG, "api-tg", health(obj{"healthyThreshold": 1}), []string{"healthCheck.healthyThreshold", "(2 - 10), got 1"}},
		{"health path without a slash", tTG, "api-tg", health(obj{"path": "health"}), []string{"must begin with a '/'"}},
		{"health matcher 500", tTG, "api-tg", health(obj{"matcher": "500"}), []string{"must be within '200-499'"}},
		{"health port 70000", tTG, "api-tg", health(obj{"port": "70000"}), []string{"Health check port '70000'"}},
		{"target group without a port", tTG, "api-tg", same("x", obj{"port": nil}), []string{`"port" should be set when target_type is "ip"`}},
		{
			"Lambda target group with a port", tTG, "waker-tg", same("x", obj{"port": 80}),
			[]string{`port must not be set when target_type is "lambda"`},
		},
		{
			"multi-value headers without Lambda", tTG, "api-tg", same("x", obj{"lambdaMultiValueHeadersEnabled": true}),
			[]string{"is for target_type \"lambda\" only"},
		},
		{
			"stickiness of network load balancers", tTG, "api-tg", same("x", obj{"stickiness": obj{"type": "source_ip"}}),
			[]string{"'source_ip' is not supported", "HTTP"},
		},
		{
			"application cookie without a name", tTG, "api-tg", same("x", obj{"stickiness": obj{"type": "app_cookie"}}),
			[]string{"app_cookie needs a cookieName"},
		},
		{"slow start of 10 seconds", tTG, "api-tg", same("x", obj{"slowStart": 10}), []string{"0 or in the range (30 - 900), got 10"}},
		{"idle timeout of 4001 seconds", tLB, "alb", same("x", obj{"idleTimeout": 4001}), []string{"(1 - 4000), got 4001"}},
		{"function that does not let the load balancer in", tTGAttachment, "waker-attachment", func(p *program) obj {
			tg, complaint := p.try(tTG, "third", p.with("waker-tg", obj{"name": "third"}))
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"targetGroupArn": tg.ID}
		}, []string{"AccessDenied", "elasticloadbalancing principal does not have permission to invoke"}},
		{"function that lets in what only looks like the group", tTGAttachment, "waker-attachment", func(p *program) obj {
			tg, complaint := p.try(tTG, "fourth", p.with("waker-tg", obj{"name": "fourth"}))
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			// ArnLike compares part by part: this * is the region, and the account is missing.
			if _, complaint = p.try(tPermission, "fourth-permission", p.with("waker-permission", obj{
				"statementId": "fourth", "sourceArn": "arn:aws:elasticloadbalancing:*:targetgroup/fourth/*",
			})); complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"targetGroupArn": tg.ID}
		}, []string{"AccessDenied", "elasticloadbalancing principal does not have permission to invoke"}},
		{"CNAME at the zone's own name", tRecord, "dns", set(obj{"name": "ameliastamps.com"}), []string{"not permitted at apex"}},
		{
			"CNAME with two values", tRecord, "dns", set(obj{"name": "b.ameliastamps.com", "records": list{"a.example.com", "b.example.com"}}),
			[]string{"exactly one value"},
		},
		{
			"CNAME to an address", tRecord, "dns", set(obj{"name": "b.ameliastamps.com", "records": list{"10.0.0.1"}}),
			[]string{"must be a domain name"},
		},
		{"A record with a name", tRecord, "dns", set(obj{"name": "b.ameliastamps.com", "type": "A"}), []string{"ARRDATAIllegalIPv4Address"}},
		{
			"A record beside a CNAME", tRecord, "dns", set(obj{"type": "A", "records": list{"10.0.0.1"}}),
			[]string{"conflicting RRSet of type CNAME"},
		},
		{"records without a ttl", tRecord, "dns", set(obj{"name": "b.ameliastamps.com", "ttl": nil}), []string{"needs a ttl"}},
	})
}

func TestContainerRules(t *testing.T) {
	t.Parallel()
	with := func(change func(c obj)) func(*program) obj {
		return func(p *program) obj { return obj{"family": "x", "containerDefinitions": p.containers(change)} }
	}
	task := func(changes obj) func(*program) obj {
		return func(*program) obj {
			out := obj{"family": "x"}
			for k, v := range changes {
				out[k] = v
			}
			return out
		}
	}
	volume := func(efs obj) func(*program) obj {
		return func(p *program) obj {
			efs["fileSystemId"] = p.id("fs")
			return obj{"family": "x", "volumes": list{obj{"name": "workspace", "efsVolumeConfiguration": efs}}}
		}
	}
	runWrong(t, []wrong{
		{
			"impossible size", tTaskDef, "task", task(obj{"cpu": "2048", "memory": "3072"}),
			[]string{"No Fargate configuration exists for given values: 2048 CPU, 3072 memory", "4096 to 16384"},
		},
		{"CPU that Fargate lacks", tTaskDef, "task", task(obj{"cpu": "1500"}), []string{"CPU must be 256, 512"}},
		{"memory for 256 CPU", tTaskDef, "task", task(obj{"cpu": "256", "memory": "4096"}), []string{"512, 1024 or 2048 MiB"}},
		{"no memory", tTaskDef, "task", task(obj{"memory": nil}), []string{"Fargate requires that 'memory' be defined at the task level"}},
		{"bridge network", tTaskDef, "task", task(obj{"networkMode": "bridge"}), []string{"Fargate only supports network mode 'awsvpc'"}},
		{"no execution role", tTaskDef, "task", task(obj{"executionRoleArn": nil}), []string{"executionRoleArn", "container secrets"}},
		{"definitions that are no JSON", tTaskDef, "task", task(obj{"containerDefinitions": "[{"}), []string{"container_definitions is invalid"}},
		{"no container", tTaskDef, "task", task(obj{"containerDefinitions": "[]"}), []string{"Container list cannot be empty"}},
		{
			"unknown key of a container", tTaskDef, "task", with(func(c obj) { c["environmentVariables"] = list{} }),
			[]string{`unknown field "[0].environmentVariables"`},
		},
		{
			"key of a container in the wrong case", tTaskDef, "task", with(func(c obj) { c["Image"] = "x"; delete(c, "image") }),
			[]string{`unknown field "[0].Image"`},
		},
		{
			"environment as an object", tTaskDef, "task", with(func(c obj) { c["environment"] = obj{"A": "b"} }),
			[]string{"environment must be a list"},
		},
		{
			"container without an image", tTaskDef, "task", with(func(c obj) { c["image"] = "" }),
			[]string{"Container.image should not be null or empty"},
		},
		{"container named with a space", tTaskDef, "task", with(func(c obj) { c["name"] = "claude code" }), []string{"claude code"}},
		{"one port twice", tTaskDef, "task", with(func(c obj) {
			c["portMappings"] = list{
				obj{"containerPort": 80},
				obj{"containerPort": 80},
			}
		}), []string{"Port 80/tcp is mapped"}},
		{
			"host port of its own", tTaskDef, "task", with(func(c obj) { c["portMappings"] = list{obj{"containerPort": 80, "hostPort": 81}} }),
			[]string{"host ports and container ports in port mappings must match"},
		},
		{"variable twice", tTaskDef, "task", with(func(c obj) {
			c["environment"] = list{
				obj{"name": "A", "value": "1"},
				obj{"name": "A", "value": "2"},
			}
		}), []string{`Duplicate environment variable "A"`}},
		{"secret that is a variable too", tTaskDef, "task", with(func(c obj) {
			c["environment"] = list{obj{
				"name":  "GITHUB_TOKEN",
				"value": "x",
			}}
		}), []string{"The secret name must be unique", "GITHUB_TOKEN"}},
		{"mount of an unknown volume", tTaskDef, "task", with(func(c obj) {
			c["mountPoints"] = list{obj{
				"sourceVolume":  "cache",
				"containerPath": "/c",
			}}
		}), []string{"Unknown volume 'cache'"}},
		{"relative mount", tTaskDef, "task", with(func(c obj) {
			c["mountPoints"] = list{obj{
				"sourceVolume":  "workspace",
				"containerPath": "c",
			}}
		}), []string{"must be absolute"}},
		{
			"log driver that Fargate lacks", tTaskDef, "task", with(func(c obj) { c["logConfiguration"] = obj{"logDriver": "syslog"} }),
			[]string{`log driver "syslog"`},
		},
		{"logs without a prefix", tTaskDef, "task", with(func(c obj) {
			delete(c["logConfiguration"].(obj)["options"].(obj),
				"awslogs-stream-prefix")
		}), []string{"requires options: awslogs-stream-prefix"}},
		{
			"unknown log option", tTaskDef, "task", with(func(c obj) { c["logConfiguration"].(obj)["options"].(obj)["awslogs-prefix"] = "x" }),
			[]string{"disallows options: awslogs-prefix"},
		},
		{"logs of another region", tTaskDef, "task", with(func(c obj) {
			c["logConfiguration"].(obj)["options"].(obj)["awslogs-region"] = "eu-west-1"
		}), []string{"eu-west-1", "not the account's region"}},
		{
			"nothing essential", tTaskDef, "task", with(func(c obj) { c["essential"] = false }),
			[]string{"At least one container in the task definition must be essential"},
		},
		{"one name twice", tTaskDef, "task", func(p *program) obj {
			one := strings.Trim(p.containers(func(c obj) { delete(c, "portMappings") }), "[]")
			return obj{"family": "x", "containerDefinitions": "[" + one + "," + one + "]"}
		}, []string{`Container name "claude-code-astro" is not unique`}},
		{"privileged", tTaskDef, "task", with(func(c obj) { c["privileged"] = true }), []string{"do not support privileged"}},
		{
			"health command without CMD", tTaskDef, "task", with(func(c obj) { c["healthCheck"] = obj{"command": list{"curl", "x"}} }),
			[]string{"must start with CMD"},
		},
		{
			"health interval of 1", tTaskDef, "task", with(func(c obj) { c["healthCheck"] = obj{"command": list{"CMD", "x"}, "interval": 1} }),
			[]string{"healthCheck.interval 1 is outside 5 to 300"},
		},
		{"dependency on nobody", tTaskDef, "task", with(func(c obj) {
			c["dependsOn"] = list{obj{
				"containerName": "db",
				"condition":     "START",
			}}
		}), []string{`depends on "db"`}},
		{
			"more memory than the task", tTaskDef, "task", with(func(c obj) { c["memory"] = 5000 }),
			[]string{"adds up to 5000 MiB, the task has 4096"},
		},
		{"access point without encryption in transit", tTaskDef, "task", func(p *program) obj {
			return volume(obj{"authorizationConfig": obj{"accessPointId": p.id("ap")}})(p)
		}, []string{"Transit encryption must be enabled"}},
		{"IAM without encryption in transit", tTaskDef, "task", volume(obj{
			"transitEncryption":   "DISABLED",
			"authorizationConfig": obj{"iam": "ENABLED"},
		}), []string{"Transit encryption must be enabled"}},
		{"access point with a root directory", tTaskDef, "task", func(p *program) obj {
			return volume(obj{"rootDirectory": "/x", "transitEncryption": "ENABLED", "authorizationConfig": obj{"accessPointId": p.id("ap")}})(p)
		}, []string{"rootDirectory must be omitted or set to"}},
		{"access point of another file system", tTaskDef, "task", func(p *program) obj {
			fs, complaint := p.try(tFS, "other", obj{"encrypted": true})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			in := volume(obj{"transitEncryption": "ENABLED", "authorizationConfig": obj{"accessPointId": p.id("ap")}})(p)
			in["volumes"].(list)[0].(obj)["efsVolumeConfiguration"].(obj)["fileSystemId"] = fs.ID
			return in
		}, []string{"belongs to file system fs-0"}},
	})
}

func TestServiceRules(t *testing.T) {
	t.Parallel()
	balancer := func(p *program, changes obj) obj {
		lb := obj{"targetGroupArn": p.id("api-tg"), "containerName": "claude-code-astro", "containerPort": 8080}
		for k, v := range changes {
			lb[k] = v
		}
		return obj{"name": "x", "loadBalancers": list{lb}}
	}
	runWrong(t, []wrong{
		{"no network", tService, "service", same("x", obj{"networkConfiguration": nil}), []string{"Network Configuration must be provided"}},
		{
			"unknown container", tService, "service", func(p *program) obj { return balancer(p, obj{"containerName": "web"}) },
			[]string{"The container web does not exist in the task definition"},
		},
		{
			"port that the container lacks", tService, "service", func(p *program) obj { return balancer(p, obj{"containerPort": 9000}) },
			[]string{"did not have a container port 9000 defined"},
		},
		{"target group on no load balancer", tService, "service", func(p *program) obj {
			tg, complaint := p.try(tTG, "lonely", p.with("api-tg", obj{"name": "lonely"}))
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return balancer(p, obj{"targetGroupArn": tg.ID})
		}, []string{"does not have an associated load balancer"}},
		{"target group of instances", tService, "service", func(p *program) obj {
			tg, complaint := p.try(tTG, "instances", p.with("api-tg", obj{"name": "instances", "targetType": "instance"}))
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return balancer(p, obj{"targetGroupArn": tg.ID})
		}, []string{"target type instance, which is incompatible with the awsvpc network mode"}},
		{
			"EC2 for a Fargate task", tService, "service", same("x", obj{"launchType": "EC2", "platformVersion": nil}),
			[]string{"does not support launch_type EC2"},
		},
		{
			"launch type and capacity provider", tService, "service", same("x",
				obj{"capacityProviderStrategies": list{obj{"capacityProvider": "FARGATE_SPOT"}}}),
			[]string{"both a launch type and capacity provider strategy"},
		},
		{"negative desired count", tService, "service", same("x", obj{"desiredCount": -1}), []string{"desiredCount", "at least 0, got -1"}},
		{
			"deployment that can never proceed", tService, "service", same("x", obj{"deploymentMaximumPercent": 100}),
			[]string{"no task can ever be replaced"},
		},
		{"grace period without a load balancer", tService, "service", same("x",
			obj{"loadBalancers": nil, "healthCheckGracePeriodSeconds": 30}), []string{"grace period is only valid"}},
		{
			"minimum above maximum", tScalable, "scalable", set(obj{"minCapacity": 4}),
			[]string{"Maximum capacity cannot be less than minimum capacity: 3 < 4"},
		},
		{
			"scalable target by ARN", tScalable, "scalable", func(p *program) obj { return obj{"resourceId": p.id("service")} },
			[]string{"must have the form service/"},
		},
		{
			"unknown dimension", tScalable, "scalable", set(obj{"scalableDimension": "ecs:service:Desired"}),
			[]string{"Unsupported service namespace"},
		},
		{
			"tracking without a configuration", tScaling, "cpu", same("x", obj{"targetTrackingScalingPolicyConfiguration": nil}),
			[]string{"needs a targetTrackingScalingPolicyConfiguration"},
		},
		{"tracking an unknown metric", tScaling, "cpu", same("x", obj{"targetTrackingScalingPolicyConfiguration": obj{
			"targetValue":                   40,
			"predefinedMetricSpecification": obj{"predefinedMetricType": "CPU"},
		}}), []string{`metric "CPU"`}},
		{
			"tracking a target of 0", tScaling, "cpu", same("x", obj{"targetTrackingScalingPolicyConfiguration": obj{
				"targetValue":                   0,
				"predefinedMetricSpecification": obj{"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
			}}),
			[]string{"targetValue 0 must be greater than 0"},
		},
	})
}

func TestPolicyDocuments(t *testing.T) {
	t.Parallel()
	inline := func(doc any) func(*program) obj { return same("x", obj{"policy": doc}) }
	trusted := func(doc any) func(*program) obj { return same("x", obj{"assumeRolePolicy": doc}) }
	one := func(s obj) obj { return policy(s) }
	runWrong(t, []wrong{
		{"no JSON", tRolePolicy, "exec-policy", inline("allow everything"), []string{
			"policy", "MalformedPolicyDocument",
			"Syntax errors in policy",
		}},
		{
			"unknown element", tRolePolicy, "exec-policy", inline(one(statement(obj{"Action": "s3:Get*", "Resource": "*", "When": "now"}))),
			[]string{`unknown field "When"`},
		},
		{
			"element in lower case", tRolePolicy, "exec-policy", inline(one(obj{"effect": "Allow", "Action": "s3:Get*", "Resource": "*"})),
			[]string{`unknown field "effect"`},
		},
		{
			"version of today", tRolePolicy, "exec-policy", inline(obj{"Version": "2026-01-01", "Statement": list{}}),
			[]string{`Version is "2026-01-01"`},
		},
		{"no statement", tRolePolicy, "exec-policy", inline(obj{"Version": "2012-10-17", "Statement": list{}}), []string{"Statement is empty"}},
		{
			"effect Permit", tRolePolicy, "exec-policy", inline(one(obj{"Effect": "Permit", "Action": "s3:Get*", "Resource": "*"})),
			[]string{`Effect is "Permit"`},
		},
		{
			"no action", tRolePolicy, "exec-policy", inline(one(statement(obj{"Resource": "*"}))),
			[]string{"Policy statement must contain actions"},
		},
		{
			"action without a service", tRolePolicy, "exec-policy", inline(one(statement(obj{"Action": "GetObject", "Resource": "*"}))),
			[]string{"must be prefaced by a vendor", "GetObject"},
		},
		{
			"no resource", tRolePolicy, "exec-policy", inline(one(statement(obj{"Action": "s3:GetObject"}))),
			[]string{"Policy statement must contain resources"},
		},
		{
			"resource that is no ARN", tRolePolicy, "exec-policy", inline(one(statement(obj{"Action": "s3:GetObject", "Resource": "my-bucket"}))),
			[]string{"Resource my-bucket must be in ARN format"},
		},
		{"principal in an identity policy", tRolePolicy, "exec-policy", inline(one(statement(obj{
			"Action": "s3:GetObject", "Resource": "*",
			"Principal": "*",
		}))), []string{"should not specify a principal"}},
		{"Sid with a space", tRolePolicy, "exec-policy", inline(one(statement(obj{
			"Sid": "read it", "Action": "s3:GetObject",
			"Resource": "*",
		}))), []string{"must be alpha-numeric", "read it"}},
		{"one Sid twice", tRolePolicy, "exec-policy", inline(policy(statement(obj{"Sid": "A", "Action": "s3:GetObject", "Resource": "*"}),
			statement(obj{"Sid": "A", "Action": "s3:PutObject", "Resource": "*"}))), []string{"in a single policy must be unique"}},
		{"unknown condition operator", tRolePolicy, "exec-policy", inline(one(statement(obj{
			"Action": "s3:GetObject", "Resource": "*",
			"Condition": obj{"StringIs": obj{"aws:x": "y"}},
		}))), []string{"Invalid Condition type : StringIs"}},
		{"condition key without a service", tRolePolicy, "exec-policy", inline(one(statement(obj{
			"Action": "s3:GetObject", "Resource": "*",
			"Condition": obj{"StringEquals": obj{"user": "y"}},
		}))), []string{`"user"`}},
		{"inline policy too large", tRolePolicy, "exec-policy", inline(one(statement(obj{
			"Action":   "s3:GetObject",
			"Resource": "arn:aws:s3:::" + strings.Repeat("b", 10240),
		}))), []string{"Maximum policy size of 10240 bytes exceeded"}},
		{"managed policy too large", tPolicy, "managed", inline(one(statement(obj{
			"Action":   "s3:GetObject",
			"Resource": "arn:aws:s3:::" + strings.Repeat("b", 6144),
		}))), []string{"Maximum policy size of 6144 bytes exceeded"}},
		{"inline policies too large together", tRolePolicy, "exec-policy", inline(one(statement(obj{
			"Action":   "s3:GetObject",
			"Resource": "arn:aws:s3:::" + strings.Repeat("b", 10100),
		}))), []string{"its inline policies add up to"}},
		{
			"trust of nobody", tRole, "exec-role", trusted(one(statement(obj{"Action": "sts:AssumeRole"}))),
			[]string{"Missing required field Principal"},
		},
		{"trust with a resource", tRole, "exec-role", trusted(one(statement(obj{
			"Action":    "sts:AssumeRole",
			"Principal": obj{"Service": "ecs-tasks.amazonaws.com"}, "Resource": "*",
		}))), []string{"Has prohibited field Resource"}},
		{"trust of a service that is none", tRole, "exec-role", trusted(one(statement(obj{
			"Action":    "sts:AssumeRole",
			"Principal": obj{"Service": "ecs-tasks"},
		}))), []string{`Invalid principal in policy: "SERVICE":"ecs-tasks"`}},
		{"trust of an unknown kind", tRole, "exec-role", trusted(one(statement(obj{
			"Action":    "sts:AssumeRole",
			"Principal": obj{"Services": "ecs-tasks.amazonaws.com"},
		}))), []string{`"Services" is not one of AWS, Service`}},
		{"session of 10 minutes", tRole, "exec-role", same("x", obj{"maxSessionDuration": 600}), []string{"(3600 - 43200), got 600"}},
		{"path without slashes", tRole, "exec-role", same("x", obj{"path": "team"}), []string{"must begin and end with /"}},
		{"identity provider without https", tOIDC, "oidc", set(obj{"url": "http://example.com"}), []string{"must begin with https://"}},
		{
			"thumbprint that is none", tOIDC, "oidc", set(obj{"url": "https://example.com", "thumbprintLists": list{"abc"}}),
			[]string{"40 hexadecimal digits"},
		},
		{"bucket policy about another bucket", tBucketPolicy, "", func(p *program) obj {
			b, complaint := p.try(tBucket, "second", obj{"bucket": "second-bucket"})
			if complaint != "" {
				p.t.Fatal(complaint)
			}
			return obj{"bucket": b.ID, "policy": policy(statement(obj{
				"Principal": "*", "Action": "s3:GetObject",
				"Resource": "arn:aws:s3:::other/*",
			}))}
		}, []string{"Policy has invalid resource: arn:aws:s3:::other/*"}},
		{"file system policy without a principal", tFSPolicy, "fs-policy", set(obj{"policy": asJSON(t,
			allow("elasticfilesystem:ClientMount", "*"))}), []string{"Missing required field Principal"}},
		{"queue policy that is no JSON", tQueuePolicy, "dlq-policy", set(obj{"policy": "x"}), []string{"Syntax errors in policy"}},
	})
}
