// Package search finds the capacity of a server: the largest rate of requests at which
// a service level objective holds in the long run. It asks for runs and is told what
// became of them, and has no clock, no network and no files of its own:
//
//	s := search.New(config)
//	for {
//		plan, ok := s.Next()
//		if !ok {
//			break
//		}
//		s.Observe(run(plan)) // replay it, analyze it: Judge makes a Run of the answer
//	}
//	fmt.Println(s.Result())
//
// What Next asks and Result says follow from the configuration and the runs observed so
// far, in their order, and from nothing else: a search goes on where a stored history
// ends, and runs that were made for something else may be observed first, or alone.
//
// Judge (judge.go) counts what lies beyond each limit in a run, window by window, instead of only
// passing or failing it; evidence.go says how much such counts are worth, model.go
// and belief.go where the capacity lies given those; next.go which run would say
// most; hopeless.go when to stop one early. docs/capacity.md has the reasons, and the proof.
package search
