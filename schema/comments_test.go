package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// comments is what the package's files say beside their code: of constants, and
// of the fields of structs.
type comments struct {
	parsed    []*ast.File
	constants map[string]described
}

// described is a constant: its value and the comment behind it.
type described struct{ value, says string }

// field of a struct.
type field struct {
	section string // the last comment before it that stands alone, up to its first stop
	doc     string // above it
	comment string // behind it
}

func parseComments(t *testing.T) *comments {
	s := &comments{constants: map[string]described{}}
	files := token.NewFileSet()
	for _, name := range []string{"record.go", "meta.go"} {
		f, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		s.parsed = append(s.parsed, f)
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.ValueSpec)
			if !ok || len(c.Values) != 1 {
				return true
			}
			if lit, ok := c.Values[0].(*ast.BasicLit); ok {
				value, err := strconv.Unquote(lit.Value)
				if err != nil {
					value = lit.Value // a number
				}
				s.constants[c.Names[0].Name] = described{value, strings.TrimSpace(c.Comment.Text())}
			}
			return true
		})
	}
	return s
}

// wordSays is the comment of the string constant with that value.
func (s *comments) wordSays(word string) string {
	for name, c := range s.constants {
		if c.value == word && !strings.HasPrefix(name, "Vantage") {
			return c.says
		}
	}
	return ""
}

func (s *comments) saysAny(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return s.wordSays(w) != "" })
}

// resolve lists the values where a comment names constants by their prefix.
func (s *comments) resolve(comment string) string {
	return regexp.MustCompile(`(\w+)\* constants`).ReplaceAllStringFunc(comment, func(m string) string {
		var values []string
		for name, c := range s.constants {
			if strings.HasPrefix(name, strings.TrimSuffix(m, "* constants")) {
				values = append(values, "`"+c.value+"`")
			}
		}
		slices.Sort(values)
		return strings.Join(values, ", ")
	})
}

// fields are those of a struct, in order.
func (s *comments) fields(name string) []field {
	var out []field
	for _, f := range s.parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.Name == name {
				out = fieldsOf(spec.Type.(*ast.StructType).Fields, f.Comments)
			}
			return true
		})
	}
	return out
}

func fieldsOf(list *ast.FieldList, all []*ast.CommentGroup) []field {
	var out []field
	for _, l := range list.List {
		one := field{doc: plain(l.Doc), comment: plain(l.Comment)}
		for _, c := range all {
			if c.Pos() > list.Opening && c.End() < l.Pos() && standsAlone(c, list) {
				one.section = strings.TrimSpace(regexp.MustCompile(`^[^.:,]*`).FindString(plain(c)))
			}
		}
		out = append(out, one)
	}
	return out
}

func standsAlone(c *ast.CommentGroup, list *ast.FieldList) bool {
	return !slices.ContainsFunc(list.List, func(l *ast.Field) bool { return l.Doc == c || l.Comment == c })
}

func plain(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }

// describe parts a column's comment into what it says and what no value means.
func (f field) describe() (says, empty string) {
	parts := regexp.MustCompile(`\b(Null|Empty): `).Split(f.doc, 2)
	if len(parts) > 1 {
		empty = strings.ToLower(f.emptyIs()) + ": " + strings.TrimSuffix(parts[1], ".")
	}
	return strings.TrimSpace(parts[0]), empty
}

// emptyIs is "Null" or "Empty", whichever the comment explains, or "".
func (f field) emptyIs() string {
	return strings.TrimSuffix(regexp.MustCompile(`\b(Null|Empty): `).FindString(f.doc), ": ")
}
