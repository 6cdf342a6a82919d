package filetype

import "strings"

// A threads directory holds more than threads: indexes of sessions, settings,
// lists. They are told by their names. A name is cut into words at separators
// and where small letters meet capitals; numbers count for nothing. It is an
// administrative one if every word is in this list and one of them is what such
// files are called. So sessions-index.json, settings.local.json,
// current-session.json and threadIndex.v2.json are, and fix-the-index.json and
// thread-1.json are threads.
var administration = func() map[string]bool {
	words := map[string]bool{}
	for _, core := range strings.Fields(`
		index indexes indices settings setting config configs configuration conf cfg manifest manifests metadata meta catalog catalogue
		registry list lists preferences prefs options state states status cache lock locks schema schemas package tsconfig jsconfig version
		versions credentials secrets token tokens permissions policy policies hooks plugins keybindings mcp servers todos stats statistics
		statsig usage info summary summaries toc directory mapping mappings labels tags bookmarks pins favorites favourites templates profile
		profiles workspace workspaces sessions threads chats conversations users projects accounts history histories queue queues trash
		current active recent latest last map marketplaces auth env keymap telemetry analytics flags consent onboarding license quota quotas
		limits counters ids migration migrations backup backups cron jobs`) {
		words[core] = true
	}
	for _, other := range strings.Fields(`
		session thread chat conversation user project account message messages claude editor app client server local global default defaults
		shared common main base root all my own bak copy old new tmp temp dev prod production test
		v the of and for by to json data db file files entry entries item items log logs store storage
		installed known remote needs limit feature rate id window`) {
		words[other] = false
	}
	return words
}()

// isAdministration says whether a name is that of an index, of settings or the
// like. The first word of a thread's name decides, mostly.
func isAdministration(name string) bool {
	name = strings.TrimSuffix(strings.TrimSuffix(name, gzipSuffix), plainSuffix)
	found := name == "user" || name == "account" || name == "project" || name == "client" || name == "app" || name == "claude"
	for name != "" {
		var word string
		if word, name = nextWord(name); word == "" {
			continue
		}
		core, known := lookUp(word)
		if !known {
			return false
		}
		found = found || core
	}
	return found
}

const longestWord = 16

// lookUp finds a word whatever its case, without allocating.
func lookUp(word string) (core, known bool) {
	var lower [longestWord]byte
	if len(word) > len(lower) {
		return false, false
	}
	for i := range len(word) {
		lower[i] = word[i]
		if isUpper(word[i]) {
			lower[i] += 'a' - 'A'
		}
	}
	core, known = administration[string(lower[:len(word)])]
	return core, known
}

// nextWord cuts off the next run of letters. Separators and digits are cut off
// as nothing; what is beyond ASCII is a letter.
func nextWord(name string) (word, rest string) {
	end := 0
	for end < len(name) && isLetter(name[end]) {
		if end > 0 && isUpper(name[end]) && !isUpper(name[end-1]) {
			break
		}
		end++
	}
	if end == 0 {
		return "", name[1:]
	}
	return name[:end], name[end:]
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || isUpper(c) || c >= 0x80 }

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
