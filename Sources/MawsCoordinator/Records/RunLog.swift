import Logging
import MawsFiles
import MawsProcess

/// The coordinator's log: every line in `logs/coordinator.log`, warnings on standard error as well, where they take the
/// place of the live line that is drawn again below them.
package enum RunLog {
    package static func logger(
        path: String, warn: @escaping @Sendable (String) -> Void = CoordinatorWorld.real.warn
    ) throws -> Logger {
        let file = try AppendLog(path: path)
        return Logger(label: "coordinator") { _ in
            PlainLogHandler(process: "coordinator") { level, line in
                // A log that cannot be written must not end the run: the records of the run say so when they fail.
                try? file.append(line)
                if level >= .warning { warn(line) }
            }
        }
    }
}
