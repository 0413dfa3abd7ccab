import Glibc
import Logging
import MawsBase

/// Log lines for people: `2026-01-31T12:00:00.123Z info server-0 message key=value`; on standard error unless told
/// otherwise.
package struct PlainLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel = Logger.Level.info
    private static let charactersMax = 4000
    private let process: String
    private let sink: @Sendable (Logger.Level, String) -> Void

    /// - Parameter sink: takes each line, without a line feed.
    package init(
        process: String, sink: @escaping @Sendable (Logger.Level, String) -> Void = { Self.writeToStandardError($1) }
    ) {
        self.process = process
        self.sink = sink
    }

    /// Makes this the handler of every logger of the process. Call once, first.
    package static func bootstrap(process: String) {
        LoggingSystem.bootstrap { _ in PlainLogHandler(process: process) }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let suffix = fields.map { " \($0.key)=\($0.value)" }.joined()
        // Texts of peers and of the plan are in some messages: one line, no control codes, no secrets.
        let text = Secrets.hidden(
            in: PlainText.line("\(event.message)\(suffix)", charactersMax: Self.charactersMax))
        sink(event.level, "\(Self.timestamp()) \(event.level) \(process) \(text)")
    }

    /// One write a line, so that lines of several threads and processes do not mix.
    package static func writeToStandardError(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Universal time with milliseconds.
    private static func timestamp() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map { padded($0, 2) }
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
        let milliseconds = padded(Int(now.tv_nsec) / 1_000_000, 3)
        return "\(date.joined(separator: "-"))T\(time.joined(separator: ":")).\(milliseconds)Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
