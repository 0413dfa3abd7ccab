import COpenSSL
import Glibc

/// When a certificate ends.
package struct CertificateLife: Hashable, Sendable {
    /// Days before its end from which on a certificate is spoken of.
    package static let warningDays = 30

    /// Seconds since 1970.
    package let endSeconds: Int

    package init(endSeconds: Int) { self.endSeconds = endSeconds }

    init(_ certificate: OpaquePointer) {
        var parts = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1 else {
            // A time that cannot be read is refused in every handshake; here it counts as past.
            endSeconds = 0
            return
        }
        endSeconds = timegm(&parts)
    }

    /// Whole days that are left; negative where it has ended.
    package func daysLeft(atSeconds now: Int = time(nil)) -> Int {
        Int((Double(endSeconds - now) / 86_400).rounded(.down))
    }

    /// A sentence in the last days; nil before them. `holder` is whose certificate it is, `the certificate gpu-7` for
    /// instance.
    package func warning(of holder: String, atSeconds now: Int = time(nil)) -> String? {
        let days = daysLeft(atSeconds: now)
        guard days < Self.warningDays else { return nil }
        let end = days < 0 ? "has expired" : days == 0 ? "expires within a day" : "expires in \(days) days"
        return "\(holder) \(end) (\(date)); make a new one with `maws-coord certs`"
    }

    /// `2027-11-28`, of universal time.
    private var date: String {
        var (seconds, parts) = (endSeconds, tm())
        gmtime_r(&seconds, &parts)
        let day = [Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(Int(parts.tm_year) + 1900)-\(day[0])-\(day[1])"
    }
}
