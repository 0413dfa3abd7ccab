import Glibc
import MawsPlan

/// Files that commands write by the name that a person gives them: what others were made with is not replaced silently.
package enum NewFile {
    /// Throws where a folder is there, or no file can be called so.
    package static func refuseFolder(_ path: String) throws {
        if let problem = PathText.problem(path) { throw DataError.output(path: path, problem: "it \(problem)") }
        guard access(path + "/.", F_OK) == 0 else { return }
        throw DataError.output(path: path, problem: "it is a folder; name a file in it")
    }

    /// Throws where something is there already.
    package static func check(_ path: String) throws {
        try refuseFolder(path)
        guard access(path, F_OK) != 0 else {
            throw DataError.output(
                path: path, problem: "it is there already; take another name, or --force, which replaces it")
        }
    }

    /// Throws where something is there that is no page: pages show, and are made again.
    package static func checkPage(_ path: String) throws {
        try refuseFolder(path)
        guard access(path, F_OK) == 0, let bytes = try? InputFile.contents(path, limit: 1 << 30),
            !String(decoding: bytes.prefix(64), as: UTF8.self).lowercased().hasPrefix("<!doctype html")
        else { return }
        throw DataError.output(
            path: path, problem: "it is there already and is no page; take another name, ending in .html for instance")
    }

    /// Throws where something other than this text is there already. Whether it has to be written.
    package static func check(_ path: String, for text: String) throws -> Bool {
        guard access(path, F_OK) == 0 else { return true }
        if let bytes = try? InputFile.contents(path, limit: 1 << 30), bytes == Array(text.utf8) { return false }
        throw DataError.output(
            path: path,
            problem: "it is there already, with other content; take another name, or --force, which replaces it")
    }
}
