import Foundation
import MawsDataFiles

/// The JPEG, PNG and WebP files below a folder in the order of their paths; see `ImageFolder`. Beside `photo.jpg`,
/// `photo.txt` is its caption and `photo.json` its hashtags.
package struct FolderSource: RowSource {
    private let folder: ByteName
    private let classes: ClassFolders
    private let images: ImageFolder

    /// Whether the first folder on the way to an image is its class.
    package enum ClassFolders {
        case none
        /// An image outside all folders is a bad row.
        case required
        /// An image outside all folders has no class.
        case whereThereAre
    }

    package var account: SampleAccount { images.account }

    package init(path: String, classes: ClassFolders) throws {
        folder = ByteName(path)
        self.classes = classes
        guard access(path + "/.", F_OK) == 0 else {
            let isFile = access(path, F_OK) == 0
            throw DataError.file(
                path: path,
                problem: isFile
                    ? "is a file and no folder; name the folder that holds the images, read a list by list:FILE or "
                        + "'maws data pack list FILE', and a shard by its name alone"
                    : "is no folder that can be read")
        }
        var images = try ImageFolder(folder)
        if classes != .none { images.countEmptyClasses() }
        guard !images.images.isEmpty || !images.problems.isEmpty else {
            let others = images.account.entries(.ignored).map { "\($0.reason): \($0.count)" }.joined(separator: ", ")
            throw DataError.file(
                path: path,
                problem: "holds no jpg, jpeg, png or webp files" + (others.isEmpty ? "" : " (but \(others))"))
        }
        self.images = images
    }

    package func forEachRow(progress: (Double) -> Void, _ body: (Result<SourceRow, DataError>) throws -> Void) throws {
        for problem in images.problems {
            try body(.failure(.file(path: "\(folder / problem.path)", problem: problem.text)))
        }
        for (number, path) in images.images.enumerated() {
            if number % 256 == 0 { progress(Double(number) / Double(images.images.count)) }
            do {
                try body(.success(try row(path)))
            } catch let problem as RowProblem {
                try body(.failure(problem.error))
            }
        }
    }

    private struct RowProblem: Error { var error: DataError }

    private func row(_ path: ByteName) throws -> SourceRow {
        let imagePath = folder / path
        var row = SourceRow(file: "\(imagePath)", line: nil, imagePath: imagePath)
        if let (name, bytes) = try sidecar(path, .caption) {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw RowProblem(error: .file(path: "\(name)", problem: "is not UTF-8 text"))
            }
            row.caption = text.withoutByteOrderMark
        }
        if let (name, json) = try sidecar(path, .hashtags) {
            try take(json, path: name, into: &row)
        }
        if classes == .none { return row }
        let parts = path.components
        row.className = parts.count > 1 ? ByteName.text(parts[0]) : nil
        if row.className == nil, classes == .required {
            throw RowProblem(error: .file(path: "\(imagePath)", problem: "lies in no class folder"))
        }
        return row
    }

    /// What the `.json` file beside an image says.
    private func take(_ json: [UInt8], path: ByteName, into row: inout SourceRow) throws {
        do throws(Sidecar.Problem) {
            let sidecar = try Sidecar(json)
            (row.hashtags, row.remarks) = (sidecar.hashtags.tags, sidecar.hashtags.remarks)
            if row.caption == nil {
                row.caption = sidecar.caption
                row.remarks += sidecar.captionRemarks
            }
            row.sidecarPath = path
        } catch {
            throw RowProblem(error: .file(path: "\(path)", problem: error.text))
        }
    }

    /// Nil where there is no such file.
    private func sidecar(_ image: ByteName, _ part: SamplePart) throws -> (name: ByteName, bytes: [UInt8])? {
        guard let path = images.sidecar(of: image, part) else { return nil }
        do {
            return (folder / path, try InputFile.contents(folder / path, limit: Int(part.sizeMax)))
        } catch let error as DataError {
            throw RowProblem(error: error)
        }
    }
}
