package rest

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// kind is the type of a JSON value, by the names of the real server's messages.
type kind string

const (
	null        kind = "Null"
	falseValue  kind = "False"
	trueValue   kind = "True"
	object      kind = "Object"
	array       kind = "Array"
	stringValue kind = "String"
	number      kind = "Number"
)

// value is a parsed JSON value. Unlike encoding/json it keeps the order of members, tells 1 from 1.0, and knows NaN and
// Infinity, which TensorFlow Serving accepts.
type value struct {
	kind     kind
	text     string // of a string, or a number as it was written
	number   float64
	integral bool
	items    []value  // of an array, or an object's values
	names    []string // of an object's members
}

func (v *value) member(name string) *value {
	for i := range v.names {
		if v.names[i] == name {
			return &v.items[i]
		}
	}
	return nil
}

func (v *value) isBase64() bool {
	return v.kind == object && len(v.names) == 1 && v.names[0] == "b64" && v.items[0].kind == stringValue
}

const maxDepth = 1000 // deeper documents could exhaust the stack

type parser struct {
	text  string
	at    int
	depth int
	err   string
	errAt int
}

// parseObject reads the object that a request must be. Text after it is ignored, as in the real server.
func parseObject(body []byte) (*value, error) {
	if len(body) == 0 {
		return nil, status.Error(codes.InvalidArgument, "JSON Parse error: The document is empty")
	}
	p := &parser{text: string(body)}
	p.space()
	if p.at == len(p.text) {
		p.fail("The document is empty.", p.at)
	}
	v := p.value()
	if p.err != "" {
		return nil, status.Errorf(codes.InvalidArgument, "JSON Parse error: %s at offset: %d", p.err, p.errAt)
	}
	if v.kind != object {
		return nil, formatError(&v, "Is not object")
	}
	return &v, nil
}

func (p *parser) fail(message string, at int) value {
	if p.err == "" {
		p.err, p.errAt = message, at
	}
	return value{}
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) take(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) word(word string) bool {
	if strings.HasPrefix(p.text[p.at:], word) {
		p.at += len(word)
		return true
	}
	return false
}

func (p *parser) value() value {
	if p.at == len(p.text) || p.depth > maxDepth {
		return p.fail("Invalid value.", p.at)
	}
	switch p.text[p.at] {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"':
		return value{kind: stringValue, text: p.string()}
	case 'n':
		if p.word("null") {
			return value{kind: null}
		}
	case 't':
		if p.word("true") {
			return value{kind: trueValue}
		}
	case 'f':
		if p.word("false") {
			return value{kind: falseValue}
		}
	default:
		return p.number()
	}
	return p.fail("Invalid value.", p.at+1)
}

func (p *parser) object() value {
	v := value{kind: object}
	p.at++
	p.depth++
	defer func() { p.depth-- }()
	p.space()
	for !p.take('}') {
		if len(v.names) > 0 {
			if !p.take(',') {
				return p.fail("Missing a comma or } after an object member.", p.at)
			}
			p.space()
		}
		if p.at == len(p.text) || p.text[p.at] != '"' {
			return p.fail("Missing a name for object member.", p.at)
		}
		name := p.string()
		p.space()
		if !p.take(':') && p.err == "" {
			return p.fail("Missing a colon after a name of object member.", p.at)
		}
		p.space()
		v.names, v.items = append(v.names, name), append(v.items, p.value())
		if p.err != "" {
			return value{}
		}
		p.space()
	}
	return v
}

func (p *parser) array() value {
	v := value{kind: array}
	p.at++
	p.depth++
	defer func() { p.depth-- }()
	p.space()
	for !p.take(']') {
		if len(v.items) > 0 {
			if !p.take(',') {
				return p.fail("Missing a comma or ] after an array element.", p.at)
			}
			p.space()
		}
		v.items = append(v.items, p.value())
		if p.err != "" {
			return value{}
		}
		p.space()
	}
	return v
}
