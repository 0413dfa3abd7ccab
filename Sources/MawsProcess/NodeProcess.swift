import Glibc
import Logging

/// What the process of a server or a trainer does around its work.
package enum NodeProcess {
    /// Does the work and ends the process: with 0, or, where the work throws, with 1 and the error in the log.
    /// - Parameters:
    ///   - program: names the logger.
    ///   - name: of this process, in its log lines.
    ///   - endsWithCoordinator: whether it is a child of the coordinator, without which it does not stay.
    package static func run(
        _ program: String, name: String, endsWithCoordinator: Bool, _ work: (Logger) throws -> Void
    ) -> Never {
        PlainLogHandler.bootstrap(process: name)
        signal(SIGPIPE, SIG_IGN)
        // Weights and data are not for other users of the machine, whatever the shell was told.
        umask(0o077)
        if endsWithCoordinator {
            ParentWatch.exitWithParent()
            // Ctrl-C in a terminal reaches the whole group; the coordinator says when its children may go.
            signal(SIGINT, SIG_IGN)
        }
        let logger = Logger(label: program)
        do {
            try work(logger)
            ProcessEnd.leave(0)
        } catch {
            logger.critical("\(error)")
            ProcessEnd.leave(1)
        }
    }
}
