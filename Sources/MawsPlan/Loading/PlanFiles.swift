import Foundation

/// Checks of the files a plan names, without reading more of them than the plan needs.
struct PlanFiles {
    /// Folder that relative paths are looked up in; nil for a resolved plan, whose files nobody needs any more.
    let root: String?

    /// The path a field has, of a file that exists; `remedy` says what makes it when it does not.
    func path(
        _ node: PlanNode, _ expected: String, remedy: String, isFolder: Bool = false
    ) throws(PlanError) -> String {
        let path = try node.path(expected)
        try require(path, at: node.place, remedy: remedy, isFolder: isFolder)
        return path
    }

    func require(
        _ path: String, at place: PlanPlace, remedy: String, isFolder wanted: Bool = false
    ) throws(PlanError) {
        guard root != nil else { return }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: resolved(path), isDirectory: &isFolder) else {
            throw missing(path, at: place, remedy: remedy)
        }
        guard isFolder.boolValue == wanted else {
            throw .unusableFile(place, path: path, reason: wanted ? "it is no folder" : "it is a folder")
        }
    }

    func missing(_ path: String, at place: PlanPlace, remedy: String) -> PlanError {
        .missingFile(
            place, path: path, folder: path.hasPrefix("/") ? nil : Self.absolute(root ?? "."), remedy: remedy)
    }

    /// Lines of a vocabulary file, `tag<TAB>count`, whose count is not below a least one; nil where files are not
    /// looked at.
    func labelCount(_ path: String, countMin: Int, at place: PlanPlace) throws(PlanError) -> Int? {
        guard root != nil else { return nil }
        guard let bytes = FileManager.default.contents(atPath: resolved(path)) else {
            throw .unusableFile(place, path: path, reason: "it cannot be read")
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n")).filter { !$0.allSatisfy(Self.isBlank) }
        if countMin == 0 { return lines.count }
        var count = 0
        for line in lines {
            let columns = line.split(separator: UInt8(ascii: "\t"), maxSplits: 2, omittingEmptySubsequences: false)
            let digits = columns.dropFirst().first?.filter { !Self.isBlank($0) }
            guard let digits, let samples = Int(String(decoding: digits, as: UTF8.self)) else {
                let text = String(decoding: line.prefix(40), as: UTF8.self)
                throw .unusableFile(place, path: path, reason: "its line `\(text)` has no count for `label_min_count`")
            }
            if samples >= countMin { count += 1 }
        }
        return count
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }

    /// Where a relative path leads to.
    func resolved(_ path: String) -> String {
        root.map { PathText.resolved(path, root: $0) } ?? path
    }

    private static func absolute(_ folder: String) -> String {
        let working = FileManager.default.currentDirectoryPath
        return folder == "." ? working : folder.hasPrefix("/") ? folder : "\(working)/\(folder)"
    }
}
