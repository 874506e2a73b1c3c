package server

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"model_server/internal/faults"
	"model_server/internal/manager"
)

// FaultsPortEnv names the port that switches faults on and off; without it there is none.
const FaultsPortEnv = "MODEL_SERVER_FAULTS_PORT"

// serveFaults answers GET, PUT and DELETE of /faults/MODEL/VERSION. It starts before the models are loaded.
func serveFaults(models *manager.Manager) error {
	port := os.Getenv(FaultsPortEnv)
	if port == "" {
		return nil
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "%s=%s: %v", FaultsPortEnv, port, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/faults/{model}/{version}", func(w http.ResponseWriter, r *http.Request) {
		version, err := strconv.ParseInt(r.PathValue("version"), 10, 64)
		source := models.FaultsOf(manager.ID{Name: r.PathValue("model"), Version: version})
		if err != nil || source == nil {
			http.Error(w, "no such version", http.StatusNotFound)
			return
		}
		changeFaults(w, r, source)
	})
	go http.Serve(listener, mux)
	return nil
}

func changeFaults(w http.ResponseWriter, r *http.Request, source *faults.Source) {
	switch r.Method {
	case http.MethodGet:
		json.NewEncoder(w).Encode(source.Now())
	case http.MethodDelete:
		source.Set(nil)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPut:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
		if err == nil {
			var parsed *faults.Faults
			if parsed, err = faults.Parse(body); err == nil {
				source.Set(parsed)
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		http.Error(w, "GET, PUT or DELETE", http.StatusMethodNotAllowed)
	}
}
