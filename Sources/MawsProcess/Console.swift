import ArgumentParser
import Glibc
import MawsBase
import Synchronization

/// What a program says to a person: whole texts, written at once, so that standard output and standard error come in
/// the order of what was said where both lead into one file. Names in files, and texts of peers, move no cursor:
/// control codes and invisible marks are written out.
package enum Console {
    /// How long standard output may take nothing, where it does not wait by itself.
    private static let waitMilliseconds: Int32 = 60_000
    /// The `errno` of the first text that standard output did not take; 0: it took all.
    private static let firstFault = Atomic<Int32>(0)

    /// Why standard output lacks some of what was said, as one sentence; nil where it has it all.
    package static var outputProblem: String? {
        let code = firstFault.load(ordering: .relaxed)
        guard code != 0 else { return nil }
        return "Error: cannot write to standard output: \(String(cString: strerror(code))). What is there of it is not "
            + "whole."
    }

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

    /// The same of what nobody needs and the next text replaces, as far as standard output takes it at once.
    package static func drawLive(_ text: String) { _ = put(text, to: STDOUT_FILENO, waitMilliseconds: 0) }

    /// The same on standard error.
    package static func drawProgress(_ text: String) { _ = put(text, to: STDERR_FILENO, waitMilliseconds: 0) }

    /// What nobody reads any more, or no disk takes, is no reason to end at once: what the program does besides it may
    /// be needed. That standard output lacks something is kept for the program's end.
    private static func write(_ text: String, to descriptor: Int32) {
        // Texts behind one that is lacking would only make the program slow, and look whole.
        guard descriptor != STDOUT_FILENO || firstFault.load(ordering: .relaxed) == 0 else { return }
        let code = put(text, to: descriptor, waitMilliseconds: waitMilliseconds)
        if code != 0, descriptor == STDOUT_FILENO {
            _ = firstFault.compareExchange(expected: 0, desired: code, ordering: .relaxed)
        }
    }

    /// Gives the `errno` of what could not be written; 0 where all was.
    private static func put(_ text: String, to descriptor: Int32, waitMilliseconds: Int32) -> Int32 {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let code = count < 0 ? errno : EIO
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if code != EINTR {
                guard code == EAGAIN, isWritable(descriptor, withinMilliseconds: waitMilliseconds) else { return code }
            }
        }
        return 0
    }

    private static func isWritable(_ descriptor: Int32, withinMilliseconds limit: Int32) -> Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return limit > 0 && (poll(&state, 1, limit) > 0 || errno == EINTR)
    }
}

extension ParsableCommand {
    /// Reads the command line and does what it asks for; ends with what there is to say of it and its exit code, which
    /// is not 0 where standard output could not be written.
    package static func runProgram() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let (text, code) = (fullMessage(for: error), exitCode(for: error))
            if !text.isEmpty { code == .success ? Console.say(text) : Console.tell(text) }
            if code != .success { Glibc.exit(code.rawValue) }
        }
        guard let problem = Console.outputProblem else { return }
        Console.tell(problem)
        Glibc.exit(ExitCode.failure.rawValue)
    }
}
