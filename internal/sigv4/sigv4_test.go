package sigv4

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		host, service, region string
		ok                    bool
	}{
		{"bedrock-runtime.us-east-1.amazonaws.com", "bedrock", "us-east-1", true},
		{"bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "bedrock", "us-gov-west-1", true},
		{"vpce-1.bedrock-runtime.eu-central-1.vpce.amazonaws.com", "bedrock", "eu-central-1", true},
		{"runtime.sagemaker.cn-north-1.amazonaws.com.cn", "sagemaker", "cn-north-1", true},
		{"bedrock-runtime.us-east-1.api.aws", "bedrock", "us-east-1", true},
		{"example.us-east-1.amazonaws.com", "", "us-east-1", false},
		{"bedrock-proxy-1234.us-east-1.elb.amazonaws.com", "", "us-east-1", false},
		{"ec2-1-2-3-4.compute-1.amazonaws.com", "", "", false},
		{"llm.example.com", "", "", false},
		{"amazonaws.com.example.com", "", "", false},
	} {
		if service, region, ok := Place(c.host); service != c.service || region != c.region || ok != c.ok {
			t.Errorf("%s: %q %q %v", c.host, service, region, ok)
		}
	}
}

func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".aws", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	variables := map[string]string{}
	e := Environment{func(name string) string { return variables[name] }, home}
	if _, err := e.Credentials(); err == nil || !strings.Contains(err.Error(), `profile "default"`) {
		t.Errorf("of nothing: %v", err)
	}
	if region, err := e.Region(); region != "" || err != nil {
		t.Errorf("region %q of nothing, %v", region, err)
	}
	write("credentials", "[default]\naws_access_key_id = A\naws_secret_access_key=b=c/+\n; [other]\n[ team ]\nAWS_ACCESS_KEY_ID = D\naws_secret_access_key = e\naws_session_token = f\n")
	write("config", "[default]\nregion = eu-west-1\n[profile team]\nregion=eu-west-2\n")
	for _, c := range []struct {
		variables map[string]string
		want      Credentials
		region    string
	}{
		{nil, Credentials{"A", "b=c/+", ""}, "eu-west-1"},
		{map[string]string{"AWS_PROFILE": "team"}, Credentials{"D", "e", "f"}, "eu-west-2"},
		{map[string]string{"AWS_ACCESS_KEY_ID": "X", "AWS_SECRET_ACCESS_KEY": "y", "AWS_SESSION_TOKEN": "z", "AWS_DEFAULT_REGION": "r"}, Credentials{"X", "y", "z"}, "r"},
	} {
		variables = c.variables
		got, err := e.Credentials()
		region, err2 := e.Region()
		if got != c.want || region != c.region || err != nil || err2 != nil {
			t.Errorf("%v: %+v, %q, %v, %v", c.variables, got, region, err, err2)
		}
	}
	variables = map[string]string{"AWS_PROFILE": "none"}
	if _, err := e.Credentials(); err == nil {
		t.Error("a profile that is not there has credentials")
	}
	file := filepath.Join(home, "wide")
	if err := os.WriteFile(file, make([]byte, 1<<17), 0o600); err != nil {
		t.Fatal(err)
	}
	variables = map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file}
	if _, err := e.Credentials(); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a line that is too long: %v", err)
	}
	t.Chdir(home) // whose .aws is nobody's without a home
	variables = nil
	if c, err := (Environment{e.Variable, ""}).Credentials(); err == nil || c.KeyID != "" {
		t.Errorf("without a home: %+v, %v", c, err)
	}
	variables = map[string]string{"AWS_SHARED_CREDENTIALS_FILE": home}
	if _, err := e.Credentials(); err == nil || !strings.Contains(err.Error(), "settings of AWS") && !strings.Contains(err.Error(), "directory") {
		t.Errorf("a folder: %v", err)
	}
}
