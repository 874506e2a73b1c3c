package options

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"model_server/internal/logging"
)

// flag is one command line flag; set reports whether the value could be read.
type flag struct {
	name, kind, fallback, usage string
	set                         func(value string) bool
}

type flagSet []flag

func (f *flagSet) text(name string, target *string, usage string) {
	*f = append(*f, flag{name, "string", strconv.Quote(*target), usage, func(value string) bool {
		*target = value
		return true
	}})
}

func (f *flagSet) int32(name string, target *int32, usage string) {
	*f = append(*f, flag{name, "int32", fmt.Sprint(*target), usage, func(value string) bool {
		number, err := strconv.ParseInt(value, 10, 32)
		*target = int32(number)
		return err == nil
	}})
}

func (f *flagSet) int64(name string, target *int64, usage string) {
	*f = append(*f, flag{name, "int64", fmt.Sprint(*target), usage, func(value string) bool {
		number, err := strconv.ParseInt(value, 10, 64)
		*target = number
		return err == nil
	}})
}

func (f *flagSet) float(name string, target *float32, usage string) {
	*f = append(*f, flag{name, "float", fmt.Sprintf("%f", *target), usage, func(value string) bool {
		number, err := strconv.ParseFloat(value, 32)
		*target = float32(number)
		return err == nil
	}})
}

func (f *flagSet) bool(name string, target *bool, usage string) {
	*f = append(*f, flag{name, "bool", fmt.Sprint(*target), usage, func(value string) bool {
		*target = value == "true"
		return value == "true" || value == "false"
	}})
}

// parse reads --name=value (and --name for a bool); "--name value" is not known to TensorFlow's flags. It returns the
// arguments that are no flag, and false where a value could not be read or help was asked for.
func (f flagSet) parse(args []string) (unknown []string, ok bool) {
	ok = true
	for i, arg := range args {
		if arg == "--" {
			unknown = append(unknown, args[i:]...)
			break
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		found := f.find(name)
		if !strings.HasPrefix(arg, "--") || found == nil || (!hasValue && found.kind != "bool") {
			unknown = append(unknown, arg)
			continue
		}
		if !hasValue {
			value = "true"
		}
		if !found.set(value) {
			logging.Error("util/command_line_flags.cc:0", "Couldn't interpret value %s for flag %s.", value, name)
			ok = false
		}
	}
	return unknown, ok && (len(unknown) == 0 || unknown[0] != "--help")
}

func (f flagSet) find(name string) *flag {
	for i := range f {
		if f[i].name == name {
			return &f[i]
		}
	}
	return nil
}

func (f flagSet) printUsage(program string, to io.Writer) {
	fmt.Fprintf(to, "usage: %s\nFlags:\n", program)
	for _, flag := range f {
		fmt.Fprintf(to, "\t%-33s\t%s\t%s\n", fmt.Sprintf("--%s=%s", flag.name, flag.fallback), flag.kind, flag.usage)
	}
}
