package bench

import "time"

// Watch follows the memory of a process and of its children until done is
// closed. Peaks are kept by Linux, so that only what grows in the last moment
// of a process can escape.
func (p Processes) Watch(pid int, done <-chan struct{}) (own, children int64) {
	const pause = 20 * time.Millisecond
	const family = 5 // pauses between looks for children, which cost more
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for n := 0; ; n++ {
		if peak, err := p.Peak(pid); err == nil { // else it has ended
			own = max(own, peak)
		}
		if n%family == 0 {
			children = max(children, p.peakOfChildren(pid))
		}
		select {
		case <-done:
			return own, children
		case <-tick.C:
		}
	}
}

// peakOfChildren leaves out those that have not begun their own program yet:
// until then they share their parent's memory.
func (p Processes) peakOfChildren(pid int) (peak int64) {
	parent, err := p.Name(pid)
	if err != nil {
		return 0
	}
	children, err := p.Children(pid)
	if err != nil {
		return 0
	}
	for _, child := range children {
		name, err := p.Name(child)
		if err != nil || name == parent {
			continue
		}
		if n, err := p.Peak(child); err == nil {
			peak = max(peak, n)
		}
	}
	return peak
}
