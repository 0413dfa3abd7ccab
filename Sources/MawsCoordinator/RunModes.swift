import Glibc
import MawsBase
import MawsFiles

/// Lets those read a run's folder whom its plan names, whatever `umask` the processes of earlier starts had.
package struct RunModes {
    package let paths: RunPaths
    package let access: RunAccess
    private let peoplesFolders: [String]

    /// - Parameter peoplesFolders: what people work in. A run that is given one of them, or a folder around one, does
    ///   not have it for itself: a plan may say `run: .`, and that folder is theirs to open.
    package init(paths: RunPaths, access: RunAccess, peoplesFolders: [String] = Self.peoplesFolders) {
        (self.paths, self.access, self.peoplesFolders) = (paths, access, peoplesFolders)
    }

    /// Where the process works, who started it lives, and everybody may put something.
    package static var peoplesFolders: [String] {
        [".", getenv("HOME").map { String(cString: $0) }, "/tmp"].compactMap(\.self)
    }

    /// Sets what this process and its children withhold from files that they make.
    package func withhold() { umask(access.withheldBits) }

    /// Changes what is there already. Returns sentences for the log about what was otherwise.
    package func settle() throws -> [String] {
        var modes = FolderModes(withheldBits: access.withheldBits)
        var notes: [String] = []
        if isRunsAlone {
            modes.settleOne(paths.folder)
        } else {
            notes.append("\(paths.folder) is a folder that people work in, and keeps its permissions")
        }
        for path in try readable { try modes.settle(path) }
        // What servers and trainers keep here is theirs alone, as it is on machines of their own; so are certificates.
        var own = FolderModes(withheldBits: RunAccess.owner.withheldBits)
        for path in paths.unreadable { try own.settle(path) }
        let closed = modes.closedCount + own.closedCount
        if closed > 0 {
            notes.append(
                "\(closed) files and folders of \(paths.folder) were open to more users than run_mode "
                    + "\(access.rawValue) allows, and are so no longer")
        } else if modes.changedCount > 0 {
            notes.append(
                "\(modes.changedCount) files and folders of \(paths.folder) now have the permissions of run_mode "
                    + access.rawValue)
        }
        return notes
    }

    /// Everything but what is private, where the run has the folder for itself; else what is known to be the run's.
    private var readable: [String] {
        get throws {
            guard isRunsAlone else { return paths.readable }
            let others = paths.unreadable
            return try Folder.names(in: paths.folder).map { "\(paths.folder)/\($0)" }.filter { !others.contains($0) }
        }
    }

    private var isRunsAlone: Bool {
        guard let folder = Self.absolute(paths.folder) else { return false }
        let around = folder == "/" ? "/" : folder + "/"
        return !peoplesFolders.compactMap(Self.absolute).contains { $0 == folder || $0.hasPrefix(around) }
    }

    private static func absolute(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
