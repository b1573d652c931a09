using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Algorithms.FedLoGe;

/// <summary>
/// GLA-FR, global and local adaptive feature realignment: heads from heads, without data or gradient. A head is [C, d+1], its last
/// column the bias; norms are those of the class vectors alone.
/// </summary>
public static class Realignment
{
    /// <summary>The constant of the authors' code.</summary>
    public const double ReferenceNorm = 1.7;

    // A class vector of zeros has no direction; it stays zero instead of becoming NaN.
    private const double Smallest = 1e-12;

    /// <summary>Generic, as in the figure: ψ'_c = ψ_c / ‖ψ_c‖, no bias. [C,d+1] → [C,d+1].</summary>
    public static Tensor GenericUnit(Tensor psi) => cat([Vectors(psi) / Norms(psi).clamp_min(Smallest), zeros_like(Bias(psi))], -1);

    /// <summary>Generic, as in the code: 1.7·ψ_c / ‖ψ_c‖, the bias kept as it is.</summary>
    public static Tensor GenericReference(Tensor psi) => cat([Vectors(psi) * ReferenceNorm / Norms(psi).clamp_min(Smallest), Bias(psi)], -1);

    /// <summary>Personalised, as in the figure: φ'_{k,c} = ψ_c·‖φ_{k,c}‖, ψ not normalised, no bias. ψ [C,d+1], φ [n,C,d+1] → [n,C,d+1].</summary>
    public static Tensor PersonalFigure(Tensor psi, Tensor phi) => cat([Vectors(psi) * Norms(phi), zeros_like(Bias(phi))], -1);

    /// <summary>
    /// Personalised, as in the code: the logits φ_k(z) + φ'_k(z). The code rescales rows and leaves ψ's bias unscaled, so the sum's
    /// bias is that of φ_k plus that of ψ. Two linear heads on the same z are one head with added rows.
    /// </summary>
    public static Tensor PersonalReference(Tensor psi, Tensor phi) => cat([Vectors(psi) * Norms(phi), Bias(psi).expand_as(Bias(phi))], -1) + phi;

    private static Tensor Vectors(Tensor head) => head.narrow(-1, 0, head.shape[^1] - 1);

    private static Tensor Bias(Tensor head) => head.narrow(-1, head.shape[^1] - 1, 1);

    // [..., C, 1]
    private static Tensor Norms(Tensor head) => Vectors(head).square().sum(-1, keepdim: true).sqrt();
}
