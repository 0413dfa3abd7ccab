import Foundation

/// The JPEG, PNG and WebP files below a folder in the order of their paths. Beside `photo.jpg`, `photo.txt` is its
/// caption and `photo.json` its hashtags.
struct FolderSource: RowSource {
    private let folder: String
    private let classes: ClassFolders
    /// Relative to the folder.
    private let paths: [String]

    /// Whether the first folder on the way to an image is its class.
    enum ClassFolders {
        case none
        /// An image outside all folders is a bad row.
        case required
        /// An image outside all folders has no class.
        case whereThereAre
    }

    init(path: String, classes: ClassFolders) throws {
        folder = path
        self.classes = classes
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
            let names = FileManager.default.enumerator(atPath: path)
        else { throw DataError.file(path: path, problem: "is no folder that can be read") }
        var paths: [String] = []
        for case let name as String in names where Self.isImage(name) { paths.append(name) }
        guard !paths.isEmpty else { throw DataError.file(path: path, problem: "holds no jpg, jpeg, png or webp files") }
        self.paths = paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    func forEachRow(progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void) throws {
        for (number, path) in paths.enumerated() {
            if number % 256 == 0 { progress(Double(number) / Double(paths.count)) }
            do {
                try body(.success(try row(path)))
            } catch let problem as RowProblem {
                try body(.failure(problem.error))
            }
        }
    }

    private struct RowProblem: Error { var error: DataError }

    private func row(_ path: String) throws -> SourceRow {
        let imagePath = folder + "/" + path
        var row = SourceRow(file: imagePath, line: nil, imagePath: imagePath)
        row.caption = try sidecar(imagePath, "txt").map { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw RowProblem(error: .file(path: imagePath.withoutExtension + ".txt", problem: "is not UTF-8 text"))
            }
            return text.withoutByteOrderMark
        }
        if let json = try sidecar(imagePath, "json") {
            guard let tags = SampleReader.hashtags(json: json) else {
                throw RowProblem(
                    error: .file(path: imagePath.withoutExtension + ".json", problem: "is no array of strings"))
            }
            row.hashtags = tags
        }
        if classes == .none { return row }
        row.className = path.firstIndex(of: "/").map { String(path[..<$0]) }
        if row.className == nil, classes == .required {
            throw RowProblem(error: .file(path: imagePath, problem: "lies in no class folder"))
        }
        return row
    }

    /// Nil where there is no such file.
    private func sidecar(_ imagePath: String, _ fileExtension: String) throws -> [UInt8]? {
        let path = imagePath.withoutExtension + "." + fileExtension
        guard access(path, F_OK) == 0 else { return nil }
        do {
            return try InputFile.contents(path, limit: Int(SamplePart.caption.sizeMax))
        } catch let error as DataError {
            throw RowProblem(error: error)
        }
    }

    private static func isImage(_ name: String) -> Bool {
        let last = name.split(separator: "/").last ?? ""
        guard let dot = last.lastIndex(of: "."), dot != last.startIndex else { return false }
        return SamplePart(fileExtension: last[last.index(after: dot)...]) == .image
    }
}
