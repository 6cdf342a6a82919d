package commands

import (
	"regexp"
	"strings"
)

// fence begins or ends a block of code.
var fence = regexp.MustCompile("^\\s*```\\s*(\\w*)")

// span is code within a line of text, or of a paragraph.
var span = regexp.MustCompile("`([^`]+)`")

// InMarkdown returns the commands of a page: every line of its shell blocks, and whatever else is set as code and begins
// like a command.
func InMarkdown(file, text string) []Command {
	var found []Command
	var paragraph []string
	begin := 0
	flush := func() {
		found = append(found, inParagraph(file, begin, paragraph)...)
		paragraph = nil
	}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		if open := fence.FindStringSubmatch(lines[i]); open != nil {
			flush()
			var block []Command
			block, i = inBlock(file, lines, i+1, open[1] == "sh" || open[1] == "bash")
			found = append(found, block...)
			continue
		}
		if strings.TrimSpace(lines[i]) == "" {
			flush()
			continue
		}
		if paragraph == nil {
			begin = i + 1
		}
		paragraph = append(paragraph, lines[i])
	}
	flush()
	return found
}

// inBlock returns the commands of a block of code and the line that ends it.
func inBlock(file string, lines []string, from int, shell bool) (found []Command, end int) {
	for i := from; i < len(lines); i++ {
		if fence.MatchString(lines[i]) {
			return found, i
		}
		line, at := lines[i], i+1
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) && !fence.MatchString(lines[i+1]) {
			i++
			line = strings.TrimSuffix(line, `\`) + strings.TrimSpace(lines[i])
		}
		if text := uncommented(line); text != "" && (shell || isCommand(text)) {
			found = append(found, Command{Text: text, File: file, Line: at})
		}
	}
	return found, len(lines)
}

// inParagraph returns the commands set as code in running text, where one may go on in the next line.
func inParagraph(file string, begin int, lines []string) []Command {
	var found []Command
	text := strings.Join(lines, "\n")
	for _, at := range span.FindAllStringSubmatchIndex(text, -1) {
		code := strings.Join(strings.Fields(text[at[2]:at[3]]), " ")
		code = strings.ReplaceAll(code, `\|`, "|") // as tables have it
		if isCommand(code) {
			found = append(found, Command{Text: code, File: file, Line: begin + strings.Count(text[:at[0]], "\n")})
		}
	}
	return found
}
