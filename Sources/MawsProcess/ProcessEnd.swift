import Glibc

/// How a node's process ends: at once, its threads still at work.
package enum ProcessEnd {
    /// Writes what standard output still holds and ends the process. Unlike `exit` it takes no library down first:
    /// under threads that compute or talk, oneDNN and OpenSSL would crash, and a run that went well end with a signal.
    package static func leave(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}
