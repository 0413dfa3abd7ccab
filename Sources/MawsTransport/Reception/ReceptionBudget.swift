import Glibc
import MawsBase

/// How many connections a process lets stand open. `Protocol/wire.md` has the same table.
package struct ReceptionBudget: Sendable {
    /// Until when a newcomer has to have proven who it is.
    package var handshakeSeconds = 10.0
    /// Newcomers that have not, in all and from one address.
    package var newcomersMax = 256
    package var newcomersPerAddressMax = 128
    /// A newcomer is left alone for so long even when others wait for its place.
    package var patienceSeconds = 1.0
    /// How long who was refused may take to read why.
    package var farewellSeconds = 2.0
    /// Connections of those who have proven who they are, in all. A quarter of the process's descriptors is left for
    /// its files.
    package var connectionsMax = ReceptionBudget.descriptorsMax * 3 / 4
    /// The same with one certificate, by role.
    package var perCertificateMax: @Sendable (Role) -> Int

    package init(perCertificateMax: @escaping @Sendable (Role) -> Int) { self.perCertificateMax = perCertificateMax }

    /// Files and sockets that this process may have open; its soft limit is raised to its hard one first.
    static let descriptorsMax: Int = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(min(limit.rlim_cur, 1 << 20))
    }()
}
