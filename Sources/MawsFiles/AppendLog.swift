import Glibc
import Synchronization

/// A text file that grows line by line: metrics, stage summaries, process logs.
///
/// Each line is one write to a file opened for appending, so that a process killed between two lines leaves whole
/// lines, and a line cut short by a full disk is taken back.
package final class AppendLog: Sendable {
    package let path: String
    private let file: Mutex<OpenFile>

    package init(path: String, mode: mode_t = 0o644) throws {
        self.path = path
        file = Mutex(try OpenFile(path, flags: O_WRONLY | O_CREAT | O_APPEND, mode: mode, action: "append to"))
    }

    /// Adds the line and a line feed.
    package func append(_ line: String) throws {
        let bytes = Array("\(line)\n".utf8)
        try file.withLock { file throws in
            let start = try file.size()
            do throws {
                try bytes.withUnsafeBytes { raw throws in try file.write(raw, at: start) }
            } catch {
                ftruncate(file.descriptor, off_t(start))
                throw error
            }
        }
    }

    /// Makes every line so far survive the machine.
    package func synchronize() throws {
        try file.withLock { file throws in try file.synchronize() }
    }
}
