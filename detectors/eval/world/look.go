package world

import "auscult/sensor/inject"

type looker struct{}

func (looker) Look([]byte) inject.Look { return inject.Look{Chars: inject.Lower} }
