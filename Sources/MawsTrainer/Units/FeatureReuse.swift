import Foundation
import Logging
import MawsBase
import MawsData
import MawsFiles
import MawsHash
import MawsKernels
import MawsModel
import MawsPlan
import MawsTensor
import MawsTraining
import Synchronization

/// Where a trainer keeps what it may lose, and how much of it.
package struct CacheOptions: Hashable, Sendable {
    /// Nil: a file without a name, gone with the process.
    package var folder: String?
    /// Bytes of one stage's cache.
    package var byteCountMax: Int

    package init(folder: String? = nil, byteCountMax: Int = 4 << 30) {
        (self.folder, self.byteCountMax) = (folder, byteCountMax)
    }
}

/// The frozen tower's features of fixed views, computed once and used again in later epochs, by this process or another
/// that shares the folder.
///
/// The key is a hash over the frozen weights and everything else that features are made of, so features of other
/// weights are never found. Without the file, or a row of it, they are computed again, to the same bits.
final class FeatureReuse: FeatureStore {
    private struct State {
        var cache: RowCache?
        var isClosed = false
        var wasFound = false
    }

    private let options: CacheOptions
    /// What features depend on besides the frozen weights.
    private let circumstances: String
    private let width: Int
    private let viewCount: Int
    private let log: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - profile: of what computes.
    ///   - viewCount: fixed views of all samples.
    init(
        plan: Plan, stage: StagePlan, index: StageIndex, loader: BatchLoader, viewCount: Int, profile: ComputeProfile,
        options: CacheOptions, log: Logger
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let model = String(decoding: try encoder.encode(stage.image(in: plan)), as: UTF8.self)
        let augment = String(decoding: try encoder.encode(stage.recipe?.augment), as: UTF8.self)
        circumstances = [
            "features 1", "\(profile)", plan.precision.rawValue, model, augment, "\(plan.seed)", "\(index.value)",
            "\(stage.needs.fixedViews ?? 0)", loader.fingerprint,
        ].joined(separator: "\n")
        width = InputSpecification.features(stage.image(in: plan)).count
        (self.viewCount, self.options, self.log) = (viewCount, options, log)
    }

    /// What is known of a view; nothing before `open`.
    func features(_ view: UInt64) -> [Float]? {
        guard let row = state.withLock({ $0.cache })?.row(view) else { return nil }
        let isFirst = state.withLock { state in
            defer { state.wasFound = true }
            return !state.wasFound
        }
        if isFirst { log.info("from now on finds features of images that were computed before") }
        return row
    }

    /// Opens the file once the frozen weights can be had. A folder that cannot be written costs the reuse alone.
    func open(_ table: BlockTable, _ weights: any WeightSource) throws {
        guard state.withLock({ $0.cache == nil && !$0.isClosed }) else { return }
        let hash = Hash()
        hash.update(circumstances)
        for block in table.blocks.indices where !table.blocks[block].isTrainable {
            hash.update(UnsafeRawBufferPointer(try weights.gather(block).values.bytes))
            weights.release(block)
        }
        let key = hash.digest()
        do {
            let cache = try RowCache(
                folder: options.folder, key: key, width: width, rows: viewCount, byteCountMax: options.byteCountMax)
            state.withLock { $0.cache = cache }
        } catch {
            close(error)
        }
    }

    func put(_ views: [UInt64], _ features: [[Float]]) {
        guard let cache = state.withLock({ $0.cache }) else { return }
        for (view, row) in zip(views, features) { cache.put(row, view) }
        if let failure = cache.takeFailure() { close(failure) }
    }

    private func close(_ error: any Error) {
        log.warning("features of images are not kept from now on, and computed again in every epoch: \(error)")
        state.withLock { $0 = State(isClosed: true) }
    }
}
