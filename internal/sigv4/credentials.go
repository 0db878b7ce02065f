package sigv4

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Credentials are those of one identity at AWS; Token is of temporary ones.
type Credentials struct{ KeyID, Secret, Token string }

// Environment is where AWS's tools keep their settings.
type Environment struct {
	Variable func(name string) string
	Home     string // folder of the user
}

// Process is that of this process.
func Process() Environment {
	home, _ := os.UserHomeDir() // "": there are no files then
	return Environment{os.Getenv, home}
}

// Credentials reads them from AWS_ACCESS_KEY_ID and its like, else from the
// profile AWS_PROFILE of the file ~/.aws/credentials.
func (e Environment) Credentials() (Credentials, error) {
	c := Credentials{e.Variable("AWS_ACCESS_KEY_ID"), e.Variable("AWS_SECRET_ACCESS_KEY"), e.Variable("AWS_SESSION_TOKEN")}
	if c.KeyID != "" && c.Secret != "" {
		return c, nil
	}
	profile := e.profile()
	values, err := e.section("AWS_SHARED_CREDENTIALS_FILE", "credentials", profile)
	if err != nil {
		return c, err
	}
	c = Credentials{values["aws_access_key_id"], values["aws_secret_access_key"], values["aws_session_token"]}
	if c.KeyID == "" || c.Secret == "" {
		return c, fmt.Errorf("neither the environment nor profile %q of AWS's credentials file holds an access key", profile)
	}
	return c, nil
}

// Region is the one that AWS's tools would take; "": none.
func (e Environment) Region() (string, error) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region := e.Variable(name); region != "" {
			return region, nil
		}
	}
	section := e.profile()
	if section != "default" {
		section = "profile " + section
	}
	values, err := e.section("AWS_CONFIG_FILE", "config", section)
	return values["region"], err
}

func (e Environment) profile() string {
	if profile := e.Variable("AWS_PROFILE"); profile != "" {
		return profile
	}
	return "default"
}

// section reads one of a file in ~/.aws, or where a variable says; a file that is
// not there is empty.
func (e Environment) section(variable, name, section string) (map[string]string, error) {
	path := e.Variable(variable)
	switch {
	case path == "" && e.Home == "":
		return nil, nil
	case path == "":
		path = filepath.Join(e.Home, ".aws", name)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("settings of AWS: %w", err)
	}
	defer f.Close()
	values, err := readSection(f, section)
	if err != nil {
		return nil, fmt.Errorf("settings of AWS: %q: %w", path, err)
	}
	return values, nil
}

// readSection reads the values of a [section]: name = value, a line each.
func readSection(r io.Reader, section string) (map[string]string, error) {
	values, inside := map[string]string{}, false
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		name, value, ok := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(line, "#"), strings.HasPrefix(line, ";"):
		case strings.HasPrefix(line, "["):
			inside = strings.Join(strings.Fields(strings.Trim(line, "[]")), " ") == section
		case inside && ok:
			values[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	return values, lines.Err()
}
