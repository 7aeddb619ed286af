// For Mono alone, where Polly cannot be had: the few of its types that the generated client names.
// The client touches them only when a retry policy is set, and the program sets none.
using System;
using System.Threading.Tasks;

namespace Polly
{
    public enum OutcomeType { Successful, Failure }

    public class PolicyResult<T>
    {
        public OutcomeType Outcome => throw new NotSupportedException();
        public T Result => throw new NotSupportedException();
        public Exception FinalException => throw new NotSupportedException();
    }

    public interface ISyncPolicy<T> { }

    public interface IAsyncPolicy<T>
    {
        Task<PolicyResult<T>> ExecuteAndCaptureAsync(Func<Task<T>> action);
    }
}
