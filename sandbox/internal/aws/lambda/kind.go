// Package lambda is AWS Lambda in the sandbox. What runs the functions is in its folder runner.
package lambda

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"

	"github.com/webordinary/live-edit/sandbox/internal/account/jsontext"
	"github.com/webordinary/live-edit/sandbox/internal/account/kind"
	"github.com/webordinary/live-edit/sandbox/internal/account/props"
	"github.com/webordinary/live-edit/sandbox/internal/account/schema"
	"github.com/webordinary/live-edit/sandbox/internal/aws/ec2"
	"github.com/webordinary/live-edit/sandbox/internal/aws/efs"
	"github.com/webordinary/live-edit/sandbox/internal/aws/iam"
	"github.com/webordinary/live-edit/sandbox/internal/aws/kms"
	"github.com/webordinary/live-edit/sandbox/internal/aws/quotas"
	"github.com/webordinary/live-edit/sandbox/internal/aws/view"
)

const (
	// maxEnvironment is Lambda's quota for a function's variables together.
	maxEnvironment = 4096
	// keptConcurrency is what Lambda keeps unreserved of the account's quota of
	// concurrent executions; of a smaller quota it keeps all.
	keptConcurrency  = 100
	invalidParameter = "InvalidParameterValueException"
)

//go:embed schema.json
var schemaJSON []byte

func init() {
	schema.Register("lambda", schemaJSON)
	kind.Register(lambdaKinds())
}

func lambdaKinds() map[string]*kind.Kind {
	return map[string]*kind.Kind{
		view.TypeFunction: {
			Refs: []kind.Ref{
				{Path: "role", To: iam.ToRole},
				{Path: "vpcConfig.subnetIds[*]", To: ec2.ToSubnet, OnDelete: kind.Block},
				{Path: "vpcConfig.securityGroupIds[*]", To: ec2.ToSecurityGroup, OnDelete: kind.Block},
				{Path: "fileSystemConfig.arn", To: efs.ToAccessPointARN},
				{Path: "deadLetterConfig.targetArn", To: toQueueOrTopic},
				{Path: "kmsKeyArn", To: kms.ToKey},
			},
			Unique:   []kind.Unique{{Paths: []string{"name"}, Code: "ResourceConflictException", Message: "Function already exist: %s"}},
			Check:    kind.InTurn(checkFunction, checkFunctionLimits),
			Verify:   verifyFunction,
			Create:   createFunction,
			Update:   updateFunction,
			Delete:   leaveInterfaces,
			Volatile: []string{"lastModified", "codeSha256", "sourceCodeSize"},
		},
		view.TypePermission: permissionKind(),
		view.TypeInvokeConfig: {
			Refs: []kind.Ref{
				{Path: "functionName", To: ToFunction, OnDelete: kind.Cascade},
				{Path: "destinationConfig.onFailure.destination", To: toDestination},
				{Path: "destinationConfig.onSuccess.destination", To: toDestination},
			},
			Unique: []kind.Unique{{
				Paths: []string{"functionName"}, Code: "ResourceConflictException",
				Message: "The function %s already has an EventInvokeConfig, which would be replaced",
			}},
			Verify: verifyDestinations,
			Create: func(c *kind.Call) error { c.ID = c.Str("functionName"); return nil },
		},
		view.TypeInvocation: {
			Refs:  []kind.Ref{{Path: "functionName", To: ToFunction}},
			Check: checkInvocation,
			Create: func(c *kind.Call) error {
				c.ID = c.Str("functionName") + "_" + c.Str("qualifier") + "_" + c.Hex("input", 32)
				return nil
			},
			// Without a CRUD lifecycle the function runs once per resource.
			ForceNew: func(path string, in props.Map) bool {
				return path == "input" && props.Str(in, "lifecycleScope") != "CRUD"
			},
			Volatile: []string{"result"},
		},
	}
}

var toDestination = kind.Target{
	Types: []string{view.TypeQueue, view.TypeTopic, view.TypeFunction}, By: []string{"arn"},
	Code: invalidParameter, Message: "The destination ARN %s does not exist",
	Skip: func(v string) bool { return strings.HasPrefix(v, "arn:aws:events:") },
}

var (
	environName = regexp.MustCompile(`^[A-Za-z]\w*$`)
	reservedEnv = []string{
		"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
		"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
		"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR",
		"LAMBDA_TASK_ROOT",
	}
)

func checkFunction(c *kind.Checker) {
	if runtime, ok := c.Text("runtime"); ok && strings.HasPrefix(runtime, "provided") && props.Str(c.In, "handler") != "" &&
		props.Str(c.In, "handler") != "bootstrap" {
		c.Fail("handler", "the handler of runtime %s is the file bootstrap, got %q", runtime, props.Str(c.In, "handler"))
	}
	checkEnvironment(c)
}

func checkEnvironment(c *kind.Checker) {
	v, ok := props.Get(c.In, "environment.variables")
	if !ok || !v.IsObject() {
		return
	}
	size := 0
	for k, e := range v.ObjectValue() {
		name := string(k)
		at := "environment.variables." + name
		size += len(name) + len(kind.TextOf(e))
		if slices.Contains(reservedEnv, name) {
			c.Fail(at, "InvalidParameterValueException: Lambda was unable to configure your environment variables because the environment "+
				"variables "+
				"you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s",
				name)
		} else if !environName.MatchString(name) || len(name) < 2 {
			c.Fail(at, "ValidationException: variable name %q must have at least 2 letters, numbers and underscores and begin with a letter", name)
		}
	}
	if size > maxEnvironment {
		c.Fail("environment.variables", "InvalidParameterValueException: Lambda was unable to configure your environment variables because the "+
			"environment variables you have provided exceeded the 4KB limit: %d bytes", size)
	}
}

// verifyFunction applies what Lambda checks when a role, a network and a file
// system are handed to it.
func verifyFunction(c *kind.Call) {
	verifyConcurrency(c)
	if c.DryRun {
		return
	}
	if c.Touches("role") {
		iam.VerifyAssumable(c, "role", "lambda.amazonaws.com", invalidParameter, "The role defined for the function cannot be assumed by Lambda.")
	}
	role, ok := iam.ToRole.Find(c.View, c.Str("role"))
	if ok && props.Has(c.In, "vpcConfig.subnetIds[*]") && c.Touches("role", "vpcConfig") {
		for _, action := range []string{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"} {
			if !iam.RoleAllows(c.View, role, action, "*") {
				c.Refuse("role", invalidParameter, "The provided execution role does not have permissions to call %s on EC2; "+
					"the function's policy must exist before the function (dependsOn)", strings.TrimPrefix(action, "ec2:"))
			}
		}
	}
	if target := c.Str("deadLetterConfig.targetArn"); ok && target != "" && c.Touches("role", "deadLetterConfig") {
		verifyMaySend(c, "deadLetterConfig.targetArn", role, target)
	}
	if c.Touches("vpcConfig") {
		functionNetwork(c)
	}
	if c.Touches("fileSystemConfig", "vpcConfig") {
		functionFileSystem(c)
	}
}

// verifyMaySend: the function's role must be able to reach its destination.
func verifyMaySend(c *kind.Call, path string, role kind.Resource, target string) {
	action, service := "sqs:SendMessage", "SQS"
	switch {
	case strings.HasPrefix(target, "arn:aws:sns:"):
		action, service = "sns:Publish", "SNS"
	case strings.HasPrefix(target, "arn:aws:lambda:"):
		action, service = "lambda:InvokeFunction", "Lambda"
	case strings.HasPrefix(target, "arn:aws:events:"):
		action, service = "events:PutEvents", "EventBridge"
	}
	if !iam.RoleAllows(c.View, role, action, target) {
		_, verb, _ := strings.Cut(action, ":")
		c.Refuse(path, invalidParameter, "The provided execution role does not have permissions to call %s on %s (%s); "+
			"the role's policy must exist first (dependsOn)", verb, service, target)
	}
}

func verifyConcurrency(c *kind.Call) {
	reserved, ok := props.Int(c.In, "reservedConcurrentExecutions")
	if !ok || reserved < 0 || !c.Touches("reservedConcurrentExecutions") {
		return
	}
	total := reserved
	for _, f := range c.List(view.TypeFunction) {
		if n, ok := props.Int(f.State, "reservedConcurrentExecutions"); ok && n > 0 && f.ID != c.Old.ID && (f.URN != c.URN || c.URN == "") {
			total += n
		}
	}
	quota := int(quotas.QuotaValue(c.View, quotas.QuotaConcurrency))
	kept := min(keptConcurrency, quota)
	if total > quota-kept {
		c.Refuse("reservedConcurrentExecutions", invalidParameter,
			"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of "+
				"[%d]", kept)
	}
}

func functionNetwork(c *kind.Call) {
	vpc := ""
	for _, id := range props.Strings(c.In, "vpcConfig.subnetIds[*]") {
		subnet, ok := c.Get(view.TypeSubnet, id)
		if !ok {
			continue
		}
		in := props.Str(subnet.State, "vpcId")
		if vpc != "" && vpc != in {
			c.Refuse("vpcConfig.subnetIds", invalidParameter, "The subnets belong to different VPCs: %s is in %s, others in %s", id, in, vpc)
		}
		vpc = in
	}
	ec2.GroupsInVPC(c, "vpcConfig.securityGroupIds[*]", vpc)
}

// functionFileSystem: each of the function's zones needs a mount target.
func functionFileSystem(c *kind.Call) {
	arn := c.Str("fileSystemConfig.arn")
	point, ok := efs.ToAccessPointARN.Find(c.View, arn)
	if arn == "" || !ok {
		return
	}
	fs := props.Str(point.State, "fileSystemId")
	mounted := map[string]bool{}
	for _, mt := range c.By(view.TypeMountTarget, "fileSystemId", fs) {
		mounted[props.Str(mt.State, "availabilityZoneName")] = true
	}
	for _, id := range props.Strings(c.In, "vpcConfig.subnetIds[*]") {
		subnet, ok := c.Get(view.TypeSubnet, id)
		if zone := props.Str(subnet.State, "availabilityZone"); ok && !mounted[zone] {
			c.Refuse("fileSystemConfig.arn", invalidParameter, "EFS file system %s referenced by access point %s does not have mount targets "+
				"created in all availability zones the function will execute in: none in %s (%s); create them first (dependsOn)", fs, arn, zone, id)
		}
	}
}

func createFunction(c *kind.Call) error {
	c.ID = c.Str("name")
	arn := view.ARN("lambda", "function:"+c.ID)
	c.Set("arn", arn)
	c.Set("qualifiedArn", arn+":$LATEST")
	c.Set("invokeArn", invokeARN(arn))
	c.Set("qualifiedInvokeArn", invokeARN(arn+":$LATEST"))
	c.Default("architectures", []string{"x86_64"})
	c.Default("ephemeralStorage", map[string]any{"size": 512})
	c.Default("tracingConfig", map[string]any{"mode": "PassThrough"})
	c.FillObject("loggingConfig", map[string]any{
		"logFormat": "Text", "logGroup": "/aws/lambda/" + c.ID, "applicationLogLevel": "",
		"systemLogLevel": "",
	})
	return updateFunction(c)
}

func updateFunction(c *kind.Call) error {
	c.Set("lastModified", c.Now.UTC().Format("2006-01-02T15:04:05.000+0000"))
	if c.State["vpcConfig"].IsObject() {
		vpc := props.CopyMap(c.State["vpcConfig"].ObjectValue())
		for _, id := range props.Strings(vpc, "subnetIds[*]") {
			if subnet, ok := c.Get(view.TypeSubnet, id); ok {
				vpc["vpcId"] = subnet.State["vpcId"]
			}
		}
		c.State["vpcConfig"] = props.Of(vpc)
	}
	if !c.Touches("code") {
		return nil
	}
	return storeCode(c)
}

// leaveInterfaces: Lambda deletes a function's network interfaces minutes after the function, in the name of the function's
// role (Lambda user guide, "Giving Lambda functions access to resources in an Amazon VPC").
func leaveInterfaces(c *kind.Call) {
	groups := props.Strings(c.Old.State, "vpcConfig.securityGroupIds[*]")
	if len(groups) == 0 {
		return
	}
	err := c.Tx.Put(kind.Resource{Type: view.RuntimeInterface, ID: c.Old.ID, State: props.Map{
		"role":             c.Old.State["role"],
		"securityGroupIds": props.Of(groups),
		"subnetIds":        props.Of(props.Strings(c.Old.State, "vpcConfig.subnetIds[*]")),
	}})
	if err != nil {
		c.Fault(err)
	}
}

func invokeARN(arn string) string {
	return "arn:aws:apigateway:" + view.Region + ":lambda:path/2015-03-31/functions/" + arn + "/invocations"
}

func verifyDestinations(c *kind.Call) {
	function, ok := ToFunction.Find(c.View, c.Str("functionName"))
	if !ok || c.DryRun {
		return
	}
	role, ok := iam.ToRole.Find(c.View, props.Str(function.State, "role"))
	for _, path := range []string{"destinationConfig.onFailure.destination", "destinationConfig.onSuccess.destination"} {
		if target := c.Str(path); ok && target != "" {
			verifyMaySend(c, path, role, target)
		}
	}
}

func checkInvocation(c *kind.Checker) {
	text, ok := c.Text("input")
	if !ok {
		return
	}
	check := jsontext.Check
	if props.Str(c.In, "lifecycleScope") == "CRUD" {
		check = jsontext.CheckObject // the provider adds the "tf" key to it
	}
	if err := check(text); err != nil {
		c.Fail("input", "\"input\" contains an invalid JSON: %v", err)
	}
}

var (
	// ToFunction is a reference to a function by its name or ARN.
	ToFunction = kind.Target{
		Types: []string{view.TypeFunction}, By: []string{"id", "arn", "qualifiedArn"},
		Code: "ResourceNotFoundException", Message: "Function not found: %s",
	}
	toQueueOrTopic = kind.Target{
		Types: []string{view.TypeQueue, view.TypeTopic}, By: []string{"arn"},
		Code: "InvalidParameterValueException", Message: "The dead letter or destination %s does not exist",
	}
)

const maxLayers = 5 // Lambda quotas

func checkFunctionLimits(c *kind.Checker) {
	for _, p := range []string{"applicationLogLevel", "systemLogLevel"} {
		level, ok := c.Text("loggingConfig." + p)
		if format, _ := c.Text("loggingConfig.logFormat"); ok && level != "" && format == "Text" {
			c.Fail("loggingConfig."+p, "%s: %s %s is for functions with logFormat JSON, not %s", invalidParameter, p, level, format)
		}
	}
	layers := props.All(c.In, "layers[*]")
	if len(layers) > maxLayers {
		c.Fail("layers", "%s: a function can have %d layers, this one has %d", invalidParameter, maxLayers, len(layers))
	}
	for _, f := range layers {
		parts := strings.Split(kind.TextOf(f.Value), ":")
		const region, versioned = 3, 8
		switch arn := kind.TextOf(f.Value); {
		case arn == "":
		case len(parts) != versioned || parts[2] != "lambda" || parts[5] != "layer":
			c.Fail(f.Path, "ValidationException: %q is not the ARN of a layer's version: "+
				"arn:aws:lambda:<region>:<account>:layer:<name>:<version>", arn)
		case parts[region] != view.Region:
			c.Fail(f.Path, "%s: the layer %s is in region %s, the function in %s", invalidParameter, arn, parts[region], view.Region)
		}
	}
}
