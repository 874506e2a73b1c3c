package rest

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (p *parser) string() string {
	start := p.at
	p.at++
	if end := strings.IndexAny(p.text[p.at:], "\"\\"); end >= 0 && p.text[p.at+end] == '"' && plain(p.text[p.at:p.at+end]) {
		text := p.text[p.at : p.at+end]
		p.at += end + 1
		return text
	}
	var text strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			p.at++
			return text.String()
		case c == '\\':
			if !p.escape(&text) {
				return ""
			}
		case c < 0x20:
			p.fail("Invalid encoding in string.", p.at)
			return ""
		default:
			text.WriteByte(c)
			p.at++
		}
	}
	p.fail("Missing a closing quotation mark in string.", start)
	return ""
}

func plain(text string) bool {
	for i := range len(text) {
		if text[i] < 0x20 {
			return false
		}
	}
	return true
}

func (p *parser) escape(text *strings.Builder) bool {
	at := p.at
	p.at++
	if p.take('u') {
		first, ok := p.hex()
		if ok && utf16.IsSurrogate(first) && p.word(`\u`) {
			var second rune
			if second, ok = p.hex(); ok {
				first = utf16.DecodeRune(first, second)
				ok = first != utf8.RuneError
			}
		}
		if !ok || utf16.IsSurrogate(first) {
			p.fail("The surrogate pair in string is invalid.", at)
			return false
		}
		text.WriteRune(first)
		return true
	}
	if p.at < len(p.text) {
		if c, known := escapes[p.text[p.at]]; known {
			text.WriteByte(c)
			p.at++
			return true
		}
	}
	p.fail("Invalid escape character in string.", at)
	return false
}

func (p *parser) hex() (rune, bool) {
	if p.at+4 > len(p.text) {
		return 0, false
	}
	code, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 16)
	p.at += 4
	return rune(code), err == nil
}

func (p *parser) number() value {
	start := p.at
	negative := p.take('-')
	if p.word("NaN") {
		return value{kind: number, text: "NaN", number: math.NaN()}
	}
	if p.word("Infinity") || p.word("Inf") {
		if negative {
			return value{kind: number, text: "-Infinity", number: math.Inf(-1)}
		}
		return value{kind: number, text: "Infinity", number: math.Inf(1)}
	}
	digits := p.at
	p.digits()
	if p.at == digits {
		return p.fail("Invalid value.", p.at)
	}
	if p.text[digits] == '0' {
		p.at = digits + 1
	}
	integral := true
	if p.take('.') {
		integral = false
		if fraction := p.at; p.digits() == fraction {
			return p.fail("Miss fraction part in number.", p.at)
		}
	}
	if p.take('e') || p.take('E') {
		integral = false
		if !p.take('+') {
			p.take('-')
		}
		if exponent := p.at; p.digits() == exponent {
			return p.fail("Miss exponent in number.", p.at)
		}
	}
	text := p.text[start:p.at]
	parsed, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return p.fail("Number too big to be stored in double.", start)
	}
	return value{kind: number, text: text, number: parsed, integral: integral}
}

func (p *parser) digits() int {
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	return p.at
}
