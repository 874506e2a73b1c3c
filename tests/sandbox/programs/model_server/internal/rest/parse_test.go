package rest

import (
	"encoding/json"
	"strings"
	"testing"

	"model_server/internal/faults"
)

func parseFaults(t *testing.T, text string) *faults.Faults {
	t.Helper()
	f, err := faults.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// FuzzParse holds the parser against encoding/json: what that accepts as an object is accepted here with the same strings and
// numbers, and nothing makes it panic.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a": [1, -2.5e3, "x\u00e9\ud83d\ude00", true, null, {}]}`, `{"a": 01}`, `{"a": "\q"}`, `{"a"`, strings.Repeat(`{"a":[`, 2000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseObject([]byte(text))
		var reference map[string]any
		if json.Unmarshal([]byte(text), &reference) != nil || reference == nil || strings.ContainsRune(text, '\uFFFD') {
			return
		}
		if err != nil {
			if strings.Count(text, "{")+strings.Count(text, "[") < maxDepth && !strings.Contains(text, `\u`) {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		for i, name := range parsed.names {
			if number, ok := reference[name].(float64); ok && parsed.member(name) == &parsed.items[i] && parsed.items[i].kind == "Number" && strings.Count(text, name) == 1 && parsed.items[i].number != number {
				t.Fatalf("%s: %v, want %v", name, parsed.items[i].number, number)
			}
		}
	})
}

func BenchmarkPredict(b *testing.B) {
	h := newHandler(b)
	for b.Loop() {
		if code := ask(h, "POST", "/v1/models/half:predict", `{"instances": [1.0, 2.0, 5.0]}`).Code; code != 200 {
			b.Fatal(code)
		}
	}
}
