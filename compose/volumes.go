package compose

import "github.com/compose-spec/compose-go/v2/types"

// volumes makes every named volume the generation's own, or the existing one
// that the caller wants to keep.
func volumes(e *edit) {
	for _, key := range e.VolumeNames() {
		v := e.Volumes[key]
		if name, ok := e.ReuseVolumes[key]; ok {
			e.Volumes[key] = types.VolumeConfig{Name: name, External: true}
			e.usual("", "volume "+key+" is "+name, "its data is kept")
			continue
		}
		switch {
		case bool(v.External):
			e.changed("", "volume "+key+" is not the external "+v.Name+" but a new, empty one",
				"a preview must not write to data that it does not own")
			v = types.VolumeConfig{}
		case v.Name != "" && v.Name != e.Name+"_"+key:
			e.usual("", "volume "+v.Name+" is "+e.ProjectName()+"_"+key, "generations run side by side")
		}
		v.Name = e.ProjectName() + "_" + key
		e.Volumes[key] = v
	}
}
