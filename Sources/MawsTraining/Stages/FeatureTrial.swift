import MawsModel
import MawsPlan

/// Units of an evaluation whose cost is the image tower's.
final class FeatureTrial: UnitTrial {
    private let extractor: FeatureExtractor
    private let setting: TrialSetting

    init(_ place: StagePlace, _ setting: TrialSetting) {
        extractor = FeatureExtractor(place.stage.image(in: place.plan), backend: setting.backend)
        self.setting = setting
    }

    func compute(units: Int) throws {
        for _ in 0..<units { _ = try extractor.features(setting.batch, weights: setting.weights) }
    }
}
