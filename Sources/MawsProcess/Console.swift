import ArgumentParser
import Glibc
import MawsBase

/// What a program says to a person: whole texts, written at once, so that standard output and standard error come in
/// the order of what was said where both lead into one file. Names in files, and texts of peers, move no cursor:
/// control codes and invisible marks are written out.
package enum Console {
    /// A line on standard output; several where the text has line feeds.
    package static func say(_ text: String, terminator: String = "\n") {
        write(PlainText.lines(text) + terminator, to: STDOUT_FILENO)
    }

    /// A JSON document on standard output, what may not reach a terminal as JSON's escapes.
    package static func say(json: String) { write(PlainText.json(json) + "\n", to: STDOUT_FILENO) }

    /// A line on standard error.
    package static func tell(_ text: String) { write(PlainText.lines(text) + "\n", to: STDERR_FILENO) }

    /// The text as it is, with codes that move the cursor on purpose, on standard output.
    package static func draw(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// What nobody reads any more, or no disk takes, is no reason to end.
    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension ParsableCommand {
    /// Reads the command line and does what it asks for; ends with what there is to say of it and its exit code.
    package static func runProgram() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let (text, code) = (fullMessage(for: error), exitCode(for: error))
            if !text.isEmpty { code == .success ? Console.say(text) : Console.tell(text) }
            Glibc.exit(code.rawValue)
        }
    }
}
