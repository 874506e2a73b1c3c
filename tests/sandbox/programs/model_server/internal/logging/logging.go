// Package logging writes lines as TensorFlow's logger does: "2026-01-02 03:04:05.678901: I file.cc:1] text".
package logging

import (
	"fmt"
	"os"
	"sync"
	"time"
)

var (
	mutex  sync.Mutex
	output = os.Stderr
)

// Info logs what happens in normal operation; source names the file of the real server that says the same.
func Info(source, format string, args ...any) { write('I', source, format, args) }

// Warning logs what is likely a mistake in the configuration.
func Warning(source, format string, args ...any) { write('W', source, format, args) }

// Error logs what failed.
func Error(source, format string, args ...any) { write('E', source, format, args) }

func write(level byte, source, format string, args []any) {
	line := fmt.Sprintf("%s: %c tensorflow_serving/%s] %s\n",
		time.Now().Format("2006-01-02 15:04:05.000000"), level, source, fmt.Sprintf(format, args...))
	mutex.Lock()
	defer mutex.Unlock()
	output.WriteString(line)
}
