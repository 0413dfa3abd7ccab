import MawsBase

/// Something that is done to a world, and when.
struct Fault: Hashable, CustomStringConvertible {
    enum When: Hashable {
        /// Seconds after the world began.
        case at(Double)
        /// When a process on this machine comes to that point for this time.
        case reaching(CrashPoint, host: Int, count: Int)
    }

    enum What: Hashable {
        /// The process on a machine dies, as by kill -9, and is started again.
        case kill(host: Int, awaySeconds: Double)
        /// It is stopped, as by SIGSTOP.
        case stop(host: Int, seconds: Double)
        /// All it does takes that much longer.
        case slow(host: Int, factor: Double, seconds: Double)
        /// The machine dies: nothing that was not synchronised is there after it.
        case powerOff(host: Int, seconds: Double)
        /// The server's process and its file are gone.
        case loseState(host: Int, awaySeconds: Double)
        /// Bits of the server's file flip, which its process or the next one finds.
        case damageState(host: Int, isKilled: Bool)
        case damageCheckpoint(number: Int)
        case loseDatabase(awaySeconds: Double)
        case damageDatabase(awaySeconds: Double)
        /// A disk takes nothing; the next writes fail, and may have been done.
        case fillDisk(host: Int, seconds: Double)
        case failWrites(count: Int)
        /// A link carries nothing in one direction, for a while.
        case block(from: Int, to: Int, seconds: Double)
        /// A machine is alone.
        case isolate(host: Int, seconds: Double)
        /// The links of all machines are blocked one after the other, and open again in another order.
        case swizzle(seconds: Double)
        case delay(from: Int, to: Int, latency: Double, seconds: Double)
        /// Connections between two machines end; or carry nothing any more in one direction, and nobody is told.
        case cut(Int, Int)
        case deafen(from: Int, to: Int)
        /// Somebody asks the run to stop.
        case askToStop
        /// A server comes back at another port.
        case move(host: Int)
        /// A trainer goes for good, where another is there.
        case dismiss(host: Int)
    }

    var when: When
    var what: What

    var description: String { "\(when): \(what)" }
}
