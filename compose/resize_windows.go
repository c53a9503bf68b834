package compose

import "os"

// notifyResize does nothing: Windows has no such signal, and the first size
// stays.
func notifyResize(chan<- os.Signal) {}
