import MawsBase

/// One process of a simulated machine, from its start to its death.
package final class Process {
    /// The machine that it is on.
    let host: Int
    let name: String
    private(set) var isAlive = true
    /// Until when it is stopped, as by SIGSTOP: its clock goes on, and what comes for it waits.
    var stoppedUntil: UInt64 = 0
    /// How much longer than usual its work takes.
    var slowness = 1.0

    /// Lets go of what is of no use to the dead.
    var onDeath: [() -> Void] = []

    init(host: Int, name: String) { (self.host, self.name) = (host, name) }

    func die() {
        isAlive = false
        for body in onDeath { body() }
        onDeath = []
    }
}
