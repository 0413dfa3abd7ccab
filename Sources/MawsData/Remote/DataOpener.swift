import MawsDataFiles
import MawsPlan

/// Opens a shard, local or not, by what its path begins with.
package struct DataOpener: Sendable {
    let root: String
    let access: DataAccess

    package enum Place {
        case local(String)
        case web(String)
        /// A shell command.
        case pipe(String)

        package init(_ path: String, root: String) {
            if path.hasPrefix("http://") || path.hasPrefix("https://") {
                self = .web(path)
            } else if path.hasPrefix("pipe:") {
                self = .pipe(String(path.dropFirst(5)))
            } else {
                self = .local(PathText.resolved(path, root: root))
            }
        }
    }

    /// - Parameter size: nil where it is unknown.
    func remote(_ path: String, size: UInt64?) throws -> RemoteFile {
        try RemoteFile(path: path, size: size, origin: try origin(path), cache: try cache(), access: access)
    }

    func cache() throws -> PageCache {
        try PageCaches.shared.cache(folder: access.cacheFolder, bytesMax: access.cacheBytesMax)
    }

    func web(_ url: String) throws -> HTTPOrigin {
        HTTPOrigin(grant: try access.credentials.grant(for: url), stallSeconds: access.stallSeconds)
    }

    private func origin(_ path: String) throws -> any PageOrigin {
        switch Place(path, root: root) {
        case .web(let url): return try web(url)
        case .pipe(let command):
            guard access.allowsPipes else {
                throw DataError.file(
                    path: path, problem: "is a command, which this machine does not run; set MAWS_ALLOW_PIPES=yes")
            }
            return PipeOrigin(command: command, stallSeconds: access.stallSeconds)
        case .local: throw DataError.file(path: path, problem: "is no address")
        }
    }
}
