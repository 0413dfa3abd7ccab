import Glibc
import Logging
import MawsFiles
import MawsProcess

/// The coordinator's log: every line in `logs/coordinator.log`, warnings on standard error as well, where they take the
/// place of the live line that is drawn again below them.
package enum RunLog {
    package static func logger(path: String) throws -> Logger {
        let file = try AppendLog(path: path)
        let isTerminal = isatty(STDERR_FILENO) == 1
        return Logger(label: "coordinator") { _ in
            PlainLogHandler(process: "coordinator") { level, line in
                // A log that cannot be written must not end the run: the records of the run say so when they fail.
                try? file.append(line)
                if level >= .warning { PlainLogHandler.writeToStandardError((isTerminal ? "\r\u{1B}[K" : "") + line) }
            }
        }
    }
}
