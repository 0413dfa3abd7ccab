import Foundation
import Glibc

/// Ends a child process with its parent, even when the parent was killed without a chance to say so.
package enum ParentWatch {
    /// Exits with 1 within half a second of the parent's death. Asking for the parent's number works whichever of the
    /// parent's threads started this process; a parent-death signal would fire at the end of that thread.
    package static func exitWithParent() {
        let parent = getppid()
        Thread.detachNewThread {
            while getppid() == parent { usleep(250_000) }
            _exit(1)
        }
    }
}
