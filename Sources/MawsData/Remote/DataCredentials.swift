internal import CCurl
import Foundation
import Glibc
import MawsBase
import MawsDataFiles

/// What this machine tells hosts that ask who wants their data: from its environment or from a file of its own, never
/// from a plan, which every process and file of a run gets.
///
/// - `MAWS_DATA_HOST`: the hosts that may know the following, separated by commas: `data.example`,
///   `data.example:8443`, or `https://data.example`, which does not get it unencrypted.
/// - `MAWS_DATA_USER` and `MAWS_DATA_PASSWORD`: for basic authentication.
/// - `MAWS_DATA_QUERY`: added to the query of each address, a container's `sig=…` for instance.
/// - `MAWS_NETRC`: a file of the form of `.netrc`; `~/.netrc` where it is there and this is not set. Only its owner may
///   read it.
package struct DataCredentials: Hashable, Sendable {
    var hosts: [String]
    var user: String?
    var password: String?
    var query: String?
    /// Nil where there is no such file.
    var netrc: String?

    package init(environment: [String: String]) {
        let value = { (name: String) in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        hosts = (value("MAWS_DATA_HOST") ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces).lowercased()
        }
        user = value("MAWS_DATA_USER")
        password = value("MAWS_DATA_PASSWORD")
        query = value("MAWS_DATA_QUERY")
        let usual = value("HOME").map { $0 + "/.netrc" }
        netrc = value("MAWS_NETRC") ?? usual.flatMap { access($0, F_OK) == 0 ? $0 : nil }
    }

    /// What a request for one address carries.
    struct Grant: Hashable, Sendable {
        var url: String
        var user: String?
        var password: String?
        var netrc: String?
    }

    /// Throws where the address has a user or password in it, where the settings contradict themselves, and where
    /// others may read the file of passwords.
    func grant(for url: String) throws -> Grant {
        var place = MawsHTTPPlace()
        guard maws_http_place(url, &place) == 0 else {
            throw DataError.file(
                path: url,
                problem: Secrets.hasUserInformation(url) ? Self.passwordProblem : "is not the address of a file")
        }
        try check()
        var grant = Grant(url: url, netrc: netrc)
        guard matches(place) else { return grant }
        grant.user = user
        grant.password = password
        if let query { grant.url += (url.contains("?") ? "&" : "?") + query }
        return grant
    }

    private static let passwordProblem =
        "has a user or a password in it, which no plan may have; take it out and give it to the machines that read the "
        + "data by MAWS_DATA_HOST, MAWS_DATA_USER and MAWS_DATA_PASSWORD or by a .netrc file"

    private func check() throws {
        if hosts.isEmpty, let name = firstSetting {
            throw DataError.file(
                path: name, problem: "is set without MAWS_DATA_HOST, which says what hosts may know it")
        }
        if (user == nil) != (password == nil) {
            throw DataError.file(
                path: user == nil ? "MAWS_DATA_PASSWORD" : "MAWS_DATA_USER",
                problem: "is set alone; a server is told both MAWS_DATA_USER and MAWS_DATA_PASSWORD")
        }
        try checkNetrc()
    }

    private var firstSetting: String? {
        if user != nil { return "MAWS_DATA_USER" }
        if password != nil { return "MAWS_DATA_PASSWORD" }
        return query == nil ? nil : "MAWS_DATA_QUERY"
    }

    private func checkNetrc() throws {
        guard let netrc else { return }
        var status = stat()
        guard stat(netrc, &status) == 0, access(netrc, R_OK) == 0 else {
            throw DataError.system(action: "read the passwords in", path: netrc, code: errno)
        }
        guard status.st_mode & 0o077 == 0 else {
            throw DataError.file(
                path: netrc, problem: "holds passwords and other users may read it; run `chmod 600` on it")
        }
    }

    private func matches(_ place: MawsHTTPPlace) -> Bool {
        var place = place
        let host = withUnsafeBytes(of: &place.host) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return hosts.contains { entry in
            let isStrict = entry.hasPrefix("https://")
            let name = isStrict ? String(entry.dropFirst(8)) : entry
            return (place.is_encrypted != 0 || !isStrict) && (name == host || name == "\(host):\(place.port)")
        }
    }
}
