using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;

namespace FedPlatform.Learning.Torch;

/// <summary>
/// Is bfloat16 autocast within reach? TorchSharp does not bind it, libtorch exports it: bound by mangled name, tried on a
/// small product, switched off again. Only reported so far; training is in float32.
/// </summary>
internal static unsafe class Bf16Probe
{
    private const sbyte Cpu = 0, BFloat16 = 15;

    public static (bool Works, string Reason) Try()
    {
        if (!OperatingSystem.IsLinux()) return (false, "the exported names are known for Linux only");
        if (Library() is not { } path) return (false, "libtorch_cpu.so is not among the loaded libraries");
        nint library = NativeLibrary.Load(path);
        if (!NativeLibrary.TryGetExport(library, "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb", out nint enable)
            || !NativeLibrary.TryGetExport(library, "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE", out nint dtype)
            || !NativeLibrary.TryGetExport(library, "_ZN2at8autocast11clear_cacheEv", out nint clear))
        {
            return (false, "this libtorch does not export the autocast switches");
        }

        var setEnabled = (delegate* unmanaged<sbyte, byte, void>)enable;
        ((delegate* unmanaged<sbyte, sbyte, void>)dtype)(Cpu, BFloat16);
        setEnabled(Cpu, 1);
        try
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor product = torch.ones(4, 4).mm(torch.ones(4, 4));
            bool works = product.dtype == torch.ScalarType.BFloat16 && product.to(torch.ScalarType.Float32).sum().item<float>() == 64f;
            return works ? (true, "autocast tried on a small product") : (false, $"autocast left a product in {product.dtype}");
        }
        finally
        {
            setEnabled(Cpu, 0);
            ((delegate* unmanaged<void>)clear)();
        }
    }

    private static string? Library()
    {
        using Process self = Process.GetCurrentProcess();
        foreach (ProcessModule module in self.Modules)
        {
            if (module.ModuleName == "libtorch_cpu.so") return module.FileName;
        }

        return null;
    }
}
